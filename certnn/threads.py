"""How many threads a search may take."""

from __future__ import annotations

import os

import joblib


def thread_count() -> int:
    """The processors that this process may use; where OMP_NUM_THREADS is set no more than that."""
    # joblib's count knows of affinity masks and of the quotas of containers.
    allowed = int(joblib.cpu_count())
    stated = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(allowed, int(stated))) if stated.isdecimal() else allowed
