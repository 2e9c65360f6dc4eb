"""Where the steps begin: moments of Gaussian weights, and multipliers on the central path."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.problem.losses import HALF_SQUARED
from certnn.relaxation.interior.lifts.batch import Moments
from certnn.relaxation.interior.lifts.program import JointProgram, State
from certnn.relaxation.interior.lifts.scaling import central_dual

#: M_ρρ of all lifts to begin with, as a share of what the targets could be worth.
_MASS = 0.1
#: tr M_uu to begin with, as a share of M_ρρ, and the most for a coordinate: products with the norm
#: are positive then.
_TRACE, _MOST = 0.9, 0.4
#: Products to begin with, as a multiple of what the objective asks for: it makes the multipliers
#: large beside what they miss.
_ABOVE_CENTRE = 10.0


def first_state(program: JointProgram) -> State:
    """Moments of Gaussian weights, and multipliers on the central path."""
    loss = program.loss
    none = [np.zeros((*fits.ones.shape, loss.turn.shape[1])) for fits in program.fits]
    worth = 2.0 * sum(loss.value(fits, f) for fits, f in zip(program.fits, none, strict=True))
    mass = _MASS * worth / float(np.sum(program.bounds))
    rank = program.order - 1
    variance = mass * min(_TRACE / rank, _MOST)
    own = np.diag(np.append(mass, np.full(rank, variance)))
    corner = np.broadcast_to(own, (program.lifts, *own.shape)).copy()
    moments = []
    for batch in program.batches:
        cosine = np.clip(np.matmul(batch.rows, batch.rows.swapaxes(-1, -2)), -1.0, 1.0)
        angle = np.arccos(cosine)
        products = variance / (2.0 * np.pi) * (np.sin(angle) + (np.pi - angle) * cosine)
        cross = np.concatenate(
            [
                np.full((batch.groups, 1, batch.size), np.sqrt(mass * variance / (2.0 * np.pi))),
                0.5 * variance * batch.rows.swapaxes(-1, -2),
            ],
            axis=1,
        )
        shape = (program.lifts,)
        moments.append(
            Moments(
                np.broadcast_to(cross, shape + cross.shape).copy(),
                np.broadcast_to(products, shape + products.shape).copy(),
            )
        )
    primal = [b.blocks(own, corner) for b, own in zip(program.batches, moments, strict=True)]
    bias = np.zeros(program.biases)
    outputs = program.outputs(moments, corner, bias)
    if bias.size and loss.loss == HALF_SQUARED:
        bias = _best_bias(program, outputs)
        outputs = program.outputs(moments, corner, bias)
    of_loss = sum(loss.value(fits, f) for fits, f in zip(program.fits, outputs, strict=True))
    mu = _ABOVE_CENTRE * (of_loss + float(np.sum(program.bounds)) * mass) / program.degree
    rooms = program.rooms(corner)
    return State(
        corner,
        moments,
        primal,
        [central_dual(s, mu) for s in primal],
        rooms,
        mu / rooms,
        loss.start(program.fits, outputs, mu),
        bias,
    )


def _best_bias(program: JointProgram, outputs: list[FloatArray]) -> FloatArray:
    """That of least squares."""
    pairs = list(zip(program.fits, outputs, strict=True))
    left = sum(fits.of_bias(program.loss.seen_targets(fits) - f) for fits, f in pairs)
    square = sum(float(np.sum(fits.ones**2)) for fits, _ in pairs)
    return np.asarray(left / (square + (program.decay or 0.0)))
