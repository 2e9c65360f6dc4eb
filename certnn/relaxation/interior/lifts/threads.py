"""Work in threads, where there is enough of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from certnn.budget import thread_count
from certnn.certificates.dual_point import IndexArray

_Found = TypeVar("_Found")


def threads_for(work: float, enough: float) -> int:
    """All threads for more work than is enough for that, else one."""
    return thread_count() if work > enough else 1


def in_threads(
    function: Callable[[IndexArray], _Found], groups: IndexArray, threads: int
) -> list[_Found]:
    """What a function makes of each thread's share of the groups, in order."""
    shares = np.array_split(groups, min(threads, groups.size))
    if len(shares) == 1:
        return [function(shares[0])]
    with ThreadPoolExecutor(len(shares)) as pool:
        return list(pool.map(function, shares))
