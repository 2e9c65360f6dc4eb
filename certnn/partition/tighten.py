"""Prove the dual norm of a network's residual ever more tightly, until time or size runs out."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

from certnn.network import TwoLayerNetwork
from certnn.partition.cones import Basis
from certnn.partition.proof import Partition, find_partition
from certnn.problem import TrainingProblem

#: What to prove, in multiples of reg. At an optimal network the residual's dual norm is reg.
_FACTORS = (8.0, 4.0, 2.0, 1.5, *(1.0 + m * 10.0**-e for e in range(1, 8) for m in (2, 1, 0.5)))
#: A tighter proof takes about this many times the nodes, from what was seen on iris and banknote.
_GROWTH = 2.5
#: Seconds that the kernel takes for one node of a hundred points, about.
_CHECK_SECONDS = 2e-4
#: Without a time limit no proof of more nodes than this is begun.
_NODES = 300_000


def tightening_partitions(
    problem: TrainingProblem, network: TwoLayerNetwork, basis: Basis, deadline: float
) -> Iterator[Partition]:
    """Search for partitions that prove smaller and smaller bounds of one dual norm.

    The dual point is the residual Z = Y − F of `network`, which is optimal if the network is
    (Lemma 2.1).

    Parameters
    ----------
    problem : TrainingProblem
    network : TwoLayerNetwork
        As good as can be had: from a poor one no tight bound follows.
    basis : Basis
        Of the problem's features.
    deadline : float
        Time of `time.monotonic` by which the last proof should also have been checked.

    Yields
    ------
    Partition
        Each tighter than the one before.
    """
    features = problem.features
    Z = problem.Y - network.output(features)
    last: Partition | None = None
    for factor in _FACTORS:
        if last is not None and not _worth_trying(problem, last, deadline):
            return
        found = find_partition(features, Z, factor * problem.reg, basis, deadline)
        if not isinstance(found, Partition):
            return
        last = found
        yield found


def _worth_trying(problem: TrainingProblem, last: Partition, deadline: float) -> bool:
    nodes = _GROWTH * last.nodes
    if math.isinf(deadline):
        return nodes < _NODES
    check = nodes * _CHECK_SECONDS * (problem.n / 100.0 + 1.0) / 2.0
    return time.monotonic() + _GROWTH * last.seconds + check < deadline
