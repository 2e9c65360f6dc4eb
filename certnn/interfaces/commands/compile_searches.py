"""Everything that searches have compiled, compiled before they need it."""

from __future__ import annotations

import numpy as np

from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.report.compiling import Compiling
from certnn.report.progress import SearchProgress
from certnn.search.lower_bound import lower_bound
from certnn.splitting.patterns import bound_over_patterns, collect_patterns

#: Levels that compile something, and nominal seconds for each of a small problem.
_LEVELS, _WORK = ("partition", "cells", "phases", "lifts", "dnn", "block(5)"), 2.0
_POINTS, _COLUMNS, _NEURONS = 25, 4, 4


def compile_searches(outputs: int = 2) -> float:
    """Run every kind of search for a moment; the seconds that went into compiling.

    What is compiled is kept on disk, so that there are none the next time. With one output a part
    of it is not needed; with more than two nothing else is.
    """
    draw = np.random.default_rng(0).standard_normal
    with Compiling() as compiling, SearchProgress() as progress:
        problem = TrainingProblem(draw((_POINTS, _COLUMNS)), draw((_POINTS, outputs)), reg=0.5)
        network = TwoLayerNetwork(draw((_COLUMNS, _NEURONS)), draw((_NEURONS, outputs)))
        patterns = collect_patterns(problem, [("drawn", network)], sampled=0)
        bound_over_patterns(problem, patterns, work_limit=_WORK)
        for level in _LEVELS:
            progress.tell(level, None, None)
            lower_bound(problem, level, work_limit=_WORK)
    return compiling.seconds
