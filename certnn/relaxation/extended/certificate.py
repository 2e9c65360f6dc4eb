"""A dual point of many digits as a certificate that the kernel has accepted."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from functools import reduce
from math import ceil, log2
from operator import add

import numpy as np

from certnn import kernel
from certnn.arrays import FloatArray
from certnn.certificates.certify import Certified
from certnn.certificates.dual_point import IndexArray
from certnn.certificates.matrix_documents import summed_psd_certificate
from certnn.certificates.psd_witness import PsdWitness
from certnn.errors import SolverError
from certnn.kernel.document import MOST_SUMMANDS
from certnn.kernel.exact import exact_matrix
from certnn.kernel.forms import connected_groups
from certnn.kernel.scaling import scaled_bound
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.extended.arithmetic import ExtendedArithmetic, Numbers
from certnn.relaxation.extended.interior_point import Point
from certnn.relaxation.extended.program import ExtendedProgram

#: Bits of a double, and those that sums of them have beyond the digits that are asked for.
_WORD, _MORE_BITS = 53, 24
#: Digits of the claim beyond those that are asked for.
_MORE_DIGITS = 4


def certify_extended(
    problem: TrainingProblem,
    program: ExtendedProgram,
    point: Point,
    digits: int,
    about: dict[str, str],
) -> Certified:
    """Write the dual point as sums of doubles, as many as it takes, and have the kernel check it.

    `program` is in `ExtendedArithmetic`. The claim is the decimal of some more than `digits` digits
    below what the proof gives; kappa is reg itself, so that nothing is lost by scaling.

    Raises
    ------
    SolverError
        If no number of summands that the format allows will do.
    """
    reason = "the form is not definite"
    fewest = ceil((digits * log2(10.0) + _MORE_BITS) / _WORD)
    for count in range(fewest, MOST_SUMMANDS + 1):
        if _WORD * count > _arithmetic(program).bits:
            break
        try:
            certified = _certified(problem, program, point, digits, count, about)
        except kernel.Rejected as rejected:
            reason = str(rejected)
        else:
            if certified is not None:
                return certified
    raise SolverError(f"no certificate of {digits} digits: {reason}")


def decimal_below(number: Fraction, digits: int) -> Decimal:
    """The largest decimal of so many significant digits that is not above `number`."""
    context = Context(prec=digits, rounding=ROUND_FLOOR)
    return context.divide(Decimal(number.numerator), Decimal(number.denominator))


def _arithmetic(program: ExtendedProgram) -> ExtendedArithmetic:
    assert isinstance(program.arithmetic, ExtendedArithmetic)
    return program.arithmetic


def _certified(
    problem: TrainingProblem,
    program: ExtendedProgram,
    point: Point,
    digits: int,
    count: int,
    about: dict[str, str],
) -> Certified | None:
    """With `count` summands; None where the rounded form is not definite."""
    arithmetic, n, c, fits = _arithmetic(program), problem.n, problem.c, program.fits
    sizes, reg = arithmetic.array(program.sizes), problem.reg
    first, second = program.first[fits:], program.second[fits:]
    scale = arithmetic.array(np.array([program.target_size, reg]))
    Z = words(arithmetic, point.y[:fits] * scale[0], count)
    y = point.y[fits:] * scale[1] / sizes[first % n] / sizes[second % n]
    multiplier = words(arithmetic, y, count)
    form = _form(problem, arithmetic, first, second, _summed(arithmetic, multiplier), Z)
    # Rounding L to the sums moves an entry of LLᵀ by less than 4N·2**−bits.
    room = _WORD * count - ceil(2.0 * log2(4.0 * len(form)))
    root = arithmetic.root_with_room(form, room)
    if root is None:
        return None
    pairs = zip((first % n).tolist(), (second % n).tolist(), strict=True)
    groups = connected_groups(n, pairs)
    L = root.lower

    def rows_of(entries: list[int]) -> FloatArray:
        return words(arithmetic, arithmetic.floating(entries, [0] * len(entries)), count)

    witness = PsdWitness(
        kappa=reg,
        weights=np.exp2(-np.array(root.exponents, dtype=np.float64)),
        L_points=rows_of([L[i][j] for g in groups for k, i in enumerate(g) for j in g[: k + 1]]),
        L_cross=rows_of([entry for row in L[n:] for entry in row[:n]]),
        L_corner=rows_of([entry for row in L[n:] for entry in row[n:]]),
    )
    dual = reduce(add, (exact_matrix(_bytes(part), n, c) for part in Z))
    value = scaled_bound(problem.instance(), dual, reg)
    if value <= 0:
        raise SolverError("nothing above zero is proved")
    claimed = Fraction(decimal_below(value, digits + _MORE_DIGITS))
    certificate = summed_psd_certificate(
        problem, Z, first, second, multiplier, witness, claimed, about
    )
    return Certified(certificate, certificate.check())


def _form(
    problem: TrainingProblem,
    arithmetic: ExtendedArithmetic,
    first: IndexArray,
    second: IndexArray,
    y: Numbers,
    Z: FloatArray,
) -> Numbers:
    """2S in the variables (a, u, v) of the data as they are (Theorem 9), kappa = reg."""
    features = problem.features
    n, columns = features.shape
    c = problem.c
    forms = np.zeros((2 * n, n + columns + c))
    forms[:, :n] = np.tile(np.eye(n), (2, 1))
    forms[n:, n : n + columns] = -features
    exact = arithmetic.array(forms)
    weights = arithmetic.array(np.zeros((2 * n, 2 * n)))
    weights[first, second] = y
    result = -(exact.T @ (weights + weights.T) @ exact)
    dual = _summed(arithmetic, Z).reshape(n, c)
    result[:n, n + columns :] -= dual
    result[n + columns :, :n] -= dual.T
    border = np.arange(n, n + columns + c)
    result[border, border] += arithmetic.array(np.full(border.size, problem.reg))
    return np.asarray(result)


def words(arithmetic: ExtendedArithmetic, numbers: Numbers, count: int) -> FloatArray:
    """Numbers, shape (N,), as sums of doubles, shape (count, N)."""
    result = np.empty((count, numbers.size))
    left = numbers
    for place in range(count):
        result[place] = np.asarray(left, dtype=np.float64)
        left = left - arithmetic.array(result[place])
    return result


def _summed(arithmetic: ExtendedArithmetic, summands: FloatArray) -> Numbers:
    return np.asarray(sum(arithmetic.array(part) for part in summands))


def _bytes(array: FloatArray) -> bytes:
    return np.ascontiguousarray(array, dtype="<f8").tobytes()
