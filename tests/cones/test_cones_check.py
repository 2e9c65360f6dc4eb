"""The checker: mutated certificates and false claims are rejected; documents come back."""

import ast
import json
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from cone_matrices import BAD_CYCLE, HOFFMAN_PEREIRA, HORN, circulant, gram
from hypothesis import given, settings
from hypothesis import strategies as st

import certnn.cones
from certnn.cones import (
    Block,
    Copositive,
    CopositivityProof,
    Decomposition,
    EdgeSplit,
    MalformedVerdict,
    Multipliers,
    NegativeDirection,
    NegativeEntry,
    NotCopositive,
    NotDoublyNonnegative,
    Rejected,
    SupportSplit,
    SymmetricMatrix,
    Term,
    Undecided,
    complete_positivity,
    copositivity,
    cp_rank_bounds,
    double_nonnegativity,
    from_document,
    to_document,
    verify,
)
from certnn.cones.exact_input import exact_matrix
from certnn.errors import InputError

HALF = Fraction(1, 2)
COPOSITIVE = copositivity(HOFFMAN_PEREIRA)
SPLIT = copositivity(HORN, method="simplices")
NOT_COPOSITIVE = copositivity(HORN.plus(SymmetricMatrix.of(np.eye(5, dtype=int).tolist()), -HALF))
POSITIVE = complete_positivity(circulant([8, 5, 1, 1, 5]))
WITH_BLOCK = complete_positivity(
    np.array(
        [[10, 3, 2, 2, 2], [3, 10, 2, 2, 2], [2, 2, 2, 0, 0], [2, 2, 0, 2, 0], [2, 2, 0, 0, 2]]
    )
)
NOT_POSITIVE = complete_positivity(BAD_CYCLE)
RANK = cp_rank_bounds(circulant([2, 1, 0, 0, 1]))
ALL = [
    COPOSITIVE,
    SPLIT,
    NOT_COPOSITIVE,
    POSITIVE,
    WITH_BLOCK,
    NOT_POSITIVE,
    RANK,
    double_nonnegativity(BAD_CYCLE),
    double_nonnegativity([[0, 0, 1], [0, 3, 1], [1, 1, 2]]),
    complete_positivity([[1, -1], [-1, 2]]),
]


def with_steps(verdict, steps):
    return replace(verdict, certificate=replace(verdict.certificate, steps=tuple(steps)))


@pytest.mark.parametrize("verdict", [COPOSITIVE, SPLIT], ids=["supports", "simplices"])
def test_trees_that_lack_or_repeat_a_step(verdict):
    steps = verdict.certificate.steps
    for place in range(len(steps)):
        with pytest.raises(Rejected):
            verify(with_steps(verdict, steps[:place]))
    with pytest.raises(Rejected, match="after the end"):
        verify(with_steps(verdict, (*steps, steps[-1])))


def test_leaves_that_prove_nothing():
    zero = (Fraction(0),) * 7
    for place, step in enumerate(COPOSITIVE.certificate.steps):
        for bad in (
            Multipliers(zero),
            Multipliers(zero[:3]),
            Multipliers((Fraction(1),) * 7),
            Decomposition(SymmetricMatrix.of([[0]])),
            "leaf",
        ):
            if not isinstance(step, SupportSplit):
                changed = list(COPOSITIVE.certificate.steps)
                changed[place] = bad
                with pytest.raises(Rejected):
                    verify(with_steps(COPOSITIVE, changed))


false_vectors = st.lists(st.fractions(-2, 2, max_denominator=3), min_size=5, max_size=5).map(tuple)
false_steps = st.one_of(
    st.builds(SupportSplit, st.integers(-1, 5)),
    st.builds(
        EdgeSplit,
        st.integers(-1, 5),
        st.integers(-1, 5),
        st.fractions(-1, 2, max_denominator=2),
        st.fractions(-1, 2, max_denominator=2),
    ),
    st.builds(Multipliers, false_vectors),
    st.just(Decomposition(SymmetricMatrix.of(np.ones((5, 5), dtype=int).tolist()))),
    st.sampled_from([*copositivity(HORN).certificate.steps, *SPLIT.certificate.steps]),
)


@settings(max_examples=200)
@given(st.lists(false_steps, max_size=12), st.integers(0, 4))
def test_no_tree_proves_a_false_claim(steps, index):
    """Horn's matrix less anything on its diagonal is not copositive."""
    rows = [list(row) for row in HORN.rows]
    rows[index][index] -= Fraction(1, 10**6)
    proof = CopositivityProof((Fraction(1),) * 5, tuple(steps))
    with pytest.raises(Rejected):
        verify(Copositive(SymmetricMatrix.of(rows), proof))


@pytest.mark.parametrize("verdict", [COPOSITIVE, SPLIT], ids=["supports", "simplices"])
def test_the_proof_of_a_true_claim_does_not_prove_a_false_one(verdict):
    matrix = verdict.matrix
    for i in range(matrix.order):
        rows = [list(row) for row in matrix.rows]
        rows[i][i] -= Fraction(1, 10**6)
        with pytest.raises(Rejected):
            verify(replace(verdict, matrix=SymmetricMatrix.of(rows)))


def test_scalings_that_are_not_positive():
    for bad in (Fraction(0), Fraction(-1)):
        scaling = (bad, *COPOSITIVE.certificate.scaling[1:])
        proof = replace(COPOSITIVE.certificate, scaling=scaling)
        with pytest.raises(Rejected):
            verify(replace(COPOSITIVE, certificate=proof))


def test_vectors_that_violate_nothing():
    for bad in (
        (Fraction(-1), *NOT_COPOSITIVE.certificate[1:]),
        (Fraction(0),) * 5,
        NOT_COPOSITIVE.certificate[1:],
        (Fraction(1), Fraction(0), Fraction(0), Fraction(0), Fraction(0)),
    ):
        with pytest.raises(Rejected):
            verify(replace(NOT_COPOSITIVE, certificate=bad))
    for bad in (NegativeEntry(0, 0), NegativeEntry(0, 9), NegativeDirection((Fraction(1),) * 5)):
        with pytest.raises(Rejected):
            verify(NotDoublyNonnegative(BAD_CYCLE, bad))


def test_sums_that_are_wrong():
    found = POSITIVE.certificate
    first = found.terms[0]
    for terms in (
        found.terms[1:],
        (*found.terms, first),
        (replace(first, weight=first.weight + Fraction(1, 10**30)), *found.terms[1:]),
        (replace(first, vector=first.vector[1:]), *found.terms[1:]),
        (*found.terms, Term(Fraction(-1), first.vector), Term(Fraction(1), first.vector)),
        (*found.terms, Term(Fraction(0), tuple(-x for x in first.vector))),
    ):
        with pytest.raises(Rejected):
            verify(replace(POSITIVE, certificate=replace(found, terms=terms)))


def test_blocks_that_are_not_allowed():
    found = POSITIVE.certificate
    whole = replace(found, terms=(), blocks=(Block(tuple(range(5)), POSITIVE.matrix),))
    with pytest.raises(Rejected, match="order"):
        verify(replace(POSITIVE, certificate=whole))
    assert WITH_BLOCK.certificate.blocks
    block = WITH_BLOCK.certificate.blocks[0]
    for bad in (
        replace(block, indices=(0, 0, 2)),
        replace(block, indices=(0, 1, 9)),
        replace(block, indices=block.indices[:2]),
        replace(block, matrix=block.matrix.plus(block.matrix, -2)),
    ):
        blocks = (bad, *WITH_BLOCK.certificate.blocks[1:])
        with pytest.raises(Rejected):
            verify(replace(WITH_BLOCK, certificate=replace(WITH_BLOCK.certificate, blocks=blocks)))


def test_separators_that_do_not_separate():
    for separator in (
        replace(NOT_POSITIVE.certificate, matrix=HORN),
        copositivity(np.eye(5, dtype=int)),
        copositivity(np.eye(4, dtype=int)),
    ):
        with pytest.raises(Rejected):
            verify(replace(NOT_POSITIVE, certificate=separator))


def test_cp_rank_bounds_that_are_too_good():
    for bad in (
        replace(RANK, lower=RANK.lower + 1),
        replace(RANK, upper=RANK.lower - 1),
        replace(RANK, edges=(*RANK.edges, RANK.edges[0]), lower=RANK.lower),
        replace(RANK, edges=((0, 2),)),
        replace(RANK, matrix=BAD_CYCLE),
    ):
        with pytest.raises(Rejected):
            verify(bad)


def test_a_wrong_rank():
    verdict = double_nonnegativity(BAD_CYCLE)
    with pytest.raises(Rejected):
        verify(replace(verdict, rank=verdict.rank - 1))


def test_nothing_is_claimed_by_undecided():
    with pytest.raises(TypeError):
        verify(Undecided(HORN, "not tried"))


@pytest.mark.parametrize("verdict", ALL, ids=lambda v: type(v).__name__)
def test_documents_come_back(verdict):
    verify(verdict)
    back = from_document(json.loads(json.dumps(to_document(verdict))))
    assert back == verdict
    verify(back)


def test_undecided_has_a_document():
    verdict = Undecided(HORN, "not tried")
    assert from_document(to_document(verdict)) == verdict


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("matrix"),
        lambda d: d.update(kind="Proved"),
        lambda d: d.update(kind="Term"),
        lambda d: d.update(more=1),
        lambda d: d.update(matrix=[["1/1", "0/1"]]),
        lambda d: d.update(matrix=[]),
        lambda d: d.update(matrix=[[1.0]]),
        lambda d: d.update(matrix=[["1/0"]]),
        lambda d: d.update(matrix=[["1"]]),
        lambda d: d.update(matrix=[["1_0/1"]]),
        lambda d: d.update(certificate=[]),
        lambda d: d.update(certificate={"kind": "NegativeEntry", "i": 0, "j": 0}),
        lambda d: d["certificate"].update(steps="x"),
        lambda d: d["certificate"].update(steps=[{"kind": "SupportSplit", "index": True}]),
        lambda d: d["certificate"].update(steps=[{"kind": "Term", "weight": "1/1", "vector": []}]),
        lambda d: d["certificate"].update(steps=[["1/1"]]),
    ],
)
def test_malformed_documents(change):
    document = json.loads(json.dumps(to_document(COPOSITIVE)))
    change(document)
    with pytest.raises(MalformedVerdict):
        from_document(document)
    with pytest.raises(MalformedVerdict):
        from_document([document])


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([[1, 2], [3, 4]], "not symmetric"),
        ([[1.0, float("nan")], [float("nan"), 1.0]], "NaN or infinite"),
        ([[float("inf")]], "NaN or infinite"),
        ([[1, 2]], "square"),
        ([[1, 2], [2]], "square"),
        ([], "empty"),
        (np.zeros(3), "two dimensions"),
        ([["a"]], "real numbers"),
        ([[1j]], "real numbers"),
        (5, "square array"),
        (np.ones((1, 1), dtype=np.longdouble), "float64"),
        (np.zeros((401, 401)), "at most 400"),
    ],
)
def test_bad_input(value, reason):
    for decide in (copositivity, complete_positivity, double_nonnegativity, cp_rank_bounds):
        with pytest.raises(InputError, match=reason):
            decide(value)


def test_input_is_taken_exactly():
    assert exact_matrix("A", [[0.1]]).rows[0][0] == Fraction(3602879701896397, 2**55)
    assert exact_matrix("A", np.array([[2**63]], dtype=np.uint64)).rows[0][0] == 2**63
    assert exact_matrix("A", [[Fraction(1, 3)]]).rows[0][0] == Fraction(1, 3)
    assert exact_matrix("A", np.array([[True]])).rows[0][0] == 1
    tiny = copositivity([[5e-324, -5e-324], [-5e-324, 5e-324]])
    assert isinstance(tiny, Copositive)
    assert isinstance(copositivity([[5e-324, -1e-323], [-1e-323, 5e-324]]), NotCopositive)


def test_the_checker_imports_nothing_heavy():
    folder = Path(certnn.cones.__file__).parent
    for name in ("matrix", "elimination", "certificates", "check", "document"):
        tree = ast.parse((folder / f"{name}.py").read_text("utf-8"))
        for node in ast.walk(tree):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
            if isinstance(node, ast.ImportFrom):
                trusted = {"certnn.cones", "certnn.cones.matrix", "certnn.cones.elimination"}
                trusted.add("certnn.cones.certificates")
                assert node.module.partition(".")[0] in sys.stdlib_module_names | {"certnn"}
                assert not node.module.startswith("certnn") or node.module in trusted
            elif isinstance(node, ast.Import):
                assert all(alias.name in sys.stdlib_module_names for alias in node.names)


def test_gram_matrices_of_huge_and_tiny_scales():
    factor = np.random.default_rng(1).integers(1, 5, (6, 12))
    scales = [Fraction(2) ** k for k in (-300, 300, 0, 150, -150, 1)]
    assert type(complete_positivity(gram(factor).scaled(scales))) is type(POSITIVE)
