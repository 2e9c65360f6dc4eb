"""The trusted part: the only code that turns a certificate or a network into a `Bound`.

Exact integer arithmetic on the float64 values as given, no tolerance anywhere; logarithms, which
two of the losses have, are bounded on the safe side by integers (`enclosures`). It needs the
standard library only, and uses two packages where they are installed; the answer is the same: the
integers of python-flint for large products, and numba for a filter in floats with a proved bound
of their error, which leaves the integers out where it knows their answer. `FORMAT.md` beside this
file specifies the certificate; ``proofs/`` has the theorems.
"""

from certnn.kernel.bound import Bound, PatternBound
from certnn.kernel.check import (
    check_any_certificate,
    check_certificate,
    check_pattern_certificate,
    read_instance,
    read_proof,
)
from certnn.kernel.container import LARGEST_CONTAINER, Document
from certnn.kernel.document import LARGEST_FILE, Malformed
from certnn.kernel.evaluate import evaluate_network
from certnn.kernel.instance import Instance
from certnn.kernel.reading import PatternsOnly
from certnn.kernel.rejected import Rejected
from certnn.kernel.scaling import bound_from_dual_norm

__all__ = [
    "LARGEST_CONTAINER",
    "LARGEST_FILE",
    "Bound",
    "Document",
    "Instance",
    "Malformed",
    "PatternBound",
    "PatternsOnly",
    "Rejected",
    "bound_from_dual_norm",
    "check_any_certificate",
    "check_certificate",
    "check_pattern_certificate",
    "evaluate_network",
    "read_instance",
    "read_proof",
]
