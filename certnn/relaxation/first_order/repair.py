"""What makes every iterate a bound: an indefinite dual point moved until its form is definite.

Two moves. Multipliers of a_i·b_i have any sign, so that the s-block of S can be lifted where its
negative part lies, at a price in the u-block that a smaller scale pays. And S is affine in the dual
point, so that on the way to a definite one it is definite from somewhere on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from certnn.relaxation.first_order.dual_weights import DualWeights, Layout, Proof

#: Lifts of the whole s-block that are tried, in units of its mean diagonal entry, and then
#: multiples of the best of them.
_LIFTS = tuple(np.geomspace(1e-6, 1e-2, 5).tolist())
_AROUND = (0.3, 0.55, 1.8, 3.3)
#: Shares of a lift that links make where rows have a long part in common.
_LINKED = (0.99, 0.999999, 0.9999)
#: Shares of the definite point that are tried.
_SHARES = (0.0, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0)


def repaired(layout: Layout, point: DualWeights, known: DualWeights) -> tuple[DualWeights, Proof]:
    """A definite point near `point` that proves as much as was found, and its proof.

    Parameters
    ----------
    layout : Layout
    point : DualWeights
        From a splitting, indefinite.
    known : DualWeights
        Definite. The result proves no less, up to rounding.

    Raises
    ------
    numpy.linalg.LinAlgError
        If eigenvalues are not found.
    """
    lifted = _lifted(layout, point)
    share, proof = _best_of(lambda share: layout.proved(lifted.blend(share, known)), _SHARES)
    if share == 1.0:
        return known, proof
    found = layout.rescaled(lifted.blend(share, known), proof)
    return found, layout.proved(found)


def _lifted(layout: Layout, point: DualWeights) -> DualWeights:
    """The point with its s-block definite, as well as that goes by multipliers of a_i·b_i.

    Where rows have a long part in common, of its links and by more of these.
    """
    forms, long = layout.program.forms, layout.long_column
    if long is not None:
        point = layout.point(long.linked(point.weights))
    s = slice(forms.rank, forms.rank + forms.points)
    block = point.form[s, s]
    values, vectors = np.linalg.eigh(block)
    below = vectors[:, values < 0.0]
    negative = (below * -values[values < 0.0]) @ below.T
    dominant = np.sum(np.abs(negative), axis=1)  # diag(|M|·1) ⪰ M for the negative part M
    unit = float(np.mean(np.abs(np.diagonal(block))))

    def moved(lift: float, share: float) -> DualWeights:
        diagonal = 0.5 * (dominant + lift * unit)
        change = -np.diag(diagonal) if long is None else long.lift(diagonal, share)
        return layout.point(replace(point.weights, ab=point.weights.ab + change))

    def best_of(lifts: tuple[float, ...], share: float) -> tuple[float, Proof]:
        return _best_of(lambda lift: layout.proved(moved(lift, share)), lifts)

    lift, _ = best_of(_LIFTS, _LINKED[-1])
    share, proof = _best_of(
        lambda share: layout.proved(moved(lift, share)), _LINKED if long else _LINKED[-1:]
    )
    lift, proof = best_of((lift, *(lift * factor for factor in _AROUND)), share)
    found = moved(lift, share)
    return layout.rescaled(found, proof) if proof.fit_scale > 0.0 else found


def _best_of(prove: Callable[[float], Proof], places: tuple[float, ...]) -> tuple[float, Proof]:
    """The place at which most is proved, and that proof."""
    proofs = [prove(place) for place in places]
    best = max(range(len(places)), key=lambda k: proofs[k].value)
    return places[best], proofs[best]
