"""Bounds over the networks whose neurons have given activation patterns; they scale to thousands
of points, where bounds over all networks are loose."""

from certnn.splitting.patterns.collection import ActivationPatterns, collect_patterns
from certnn.splitting.patterns.pattern_bound import PatternBoundResult, bound_over_patterns

__all__ = [
    "ActivationPatterns",
    "PatternBoundResult",
    "bound_over_patterns",
    "collect_patterns",
]
