"""Activation patterns: on which points a neuron is positive before the ReLU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training.candidates import gaussian, isotropic, unit, vertices

BoolArray = NDArray[np.bool_]

#: What patterns that are not of a network are said to come from.
SAMPLED = "sampled"
#: How far samples are from vertices and from neurons, where Xu is isotropic.
_FROM_VERTICES, _FROM_NEURONS = 0.02, 0.2
#: Draws for each sample wanted, as many may have the same pattern.
_DRAWS = 4


@dataclass(frozen=True, eq=False)
class ActivationPatterns:
    """Distinct activation patterns of the points of a problem.

    A neuron u has pattern k if x_iᵀu ≥ 0 wherever ``bits[i, k]`` and x_iᵀu ≤ 0 elsewhere.

    Attributes
    ----------
    bits : ndarray of bool, shape (n, p)
        One pattern a column.
    directions : ndarray, shape (D, p)
        For each a unit vector u with ``problem.features @ u`` of these signs, up to rounding.
    origins : tuple of (str, int)
        Where the columns come from, in this order, and how many of each.
    left_out : int
        How many patterns of networks were left out, because there were too many.
    """

    bits: BoolArray
    directions: FloatArray
    origins: tuple[tuple[str, int], ...]
    left_out: int = 0

    @property
    def count(self) -> int:
        """Their number p."""
        return int(self.bits.shape[1])

    @property
    def packed(self) -> bytes:
        """The patterns as the kernel wants them: whole bytes each, least bits first."""
        return np.packbits(self.bits, axis=0, bitorder="little").T.tobytes()


def collect_patterns(
    problem: TrainingProblem,
    networks: Sequence[tuple[str, TwoLayerNetwork]] = (),
    sampled: int = 100,
    *,
    most: int = 1000,
    seed: int = 0,
) -> ActivationPatterns:
    """The patterns of networks, exactly, and those of random directions.

    A third of the samples is Gaussian where Xu is isotropic (Mishkin, Sahiner and Pilanci, ICML
    2022, sample Gaussian u); a third is close to vertices of the arrangement of the hyperplanes
    x_iᵀu = 0, and a third to neurons of the networks.

    Parameters
    ----------
    problem : TrainingProblem
    networks : sequence of (str, TwoLayerNetwork)
        With what to call them in `ActivationPatterns.origins`.
    sampled : int
        How many patterns to sample: at most, as there may be fewer.
    most : int
        How many patterns of networks to take, those of the largest |u||v| first.
    seed : int
        Of the samples.

    Raises
    ------
    InputError
        If a network does not fit the problem, or there is no pattern at all.
    """
    known: set[bytes] = set()
    bits: list[BoolArray] = []
    directions: list[FloatArray] = []
    origins: list[tuple[str, int]] = []
    left_out = 0

    def take(name: str, columns: BoolArray, U: FloatArray, limit: int) -> int:
        new = [k for k in range(columns.shape[1]) if _is_new(columns[:, k], known)]
        bits.append(columns[:, new[:limit]])
        directions.append(U[:, new[:limit]])
        origins.append((name, len(new[:limit])))
        return len(new) - len(new[:limit])

    for name, network in networks:
        network.require_fits(problem)
        ranked = _live(network)
        left = most - sum(count for _, count in origins)
        left_out += take(
            name, exact_signs(problem.inputs, ranked), _as_features(problem, ranked), left
        )
    samples = _samples(
        problem, np.hstack([np.zeros((problem.inputs.shape[1], 0)), *directions]), sampled, seed
    )
    take(SAMPLED, problem.features @ samples >= 0.0, samples, sampled)
    found = ActivationPatterns(np.hstack(bits), np.hstack(directions), tuple(origins), left_out)
    if found.count == 0:
        raise InputError("patterns", "there are none: no neuron, and nothing sampled")
    return found


def exact_signs(inputs: FloatArray, U: FloatArray) -> BoolArray:
    """Where inputs · U ≥ 0, without error, shapes (n, d) and (d, m) → (n, m)."""
    product = inputs @ U
    d = inputs.shape[1]
    doubt = (d + 2) * 2.0**-52 * (np.abs(inputs) @ np.abs(U)) + d * 1e-320
    signs: BoolArray = product >= 0.0
    for i, k in np.argwhere(np.abs(product) <= doubt):
        terms = zip(inputs[i].tolist(), U[:, k].tolist(), strict=True)
        signs[i, k] = (
            sum((Fraction(x) * Fraction(u) for x, u in terms if x and u), Fraction(0)) >= 0
        )
    return signs


def _is_new(pattern: BoolArray, known: set[bytes]) -> bool:
    packed = np.packbits(pattern).tobytes()
    new = packed not in known
    known.add(packed)
    return new


def _live(network: TwoLayerNetwork) -> FloatArray:
    """Hidden weights of the neurons that do something, those of the largest |u||v| first."""
    sizes = np.linalg.norm(network.U, axis=0) * np.linalg.norm(network.V, axis=1)
    order = np.argsort(-sizes, kind="stable")
    live: FloatArray = network.U[:, order[sizes[order] > 0.0]]
    return live


def _as_features(problem: TrainingProblem, U: FloatArray) -> FloatArray:
    """Unit vectors for `problem.features` that do what U does for `problem.inputs`."""
    moved = U.copy()
    if problem.hidden_bias:
        moved[-1] /= problem.bias_scale
    return unit(moved)


def _samples(problem: TrainingProblem, near: FloatArray, count: int, seed: int) -> FloatArray:
    rng, space = np.random.default_rng(seed), isotropic(problem)
    if count == 0 or space.rank == 0:
        return np.zeros((problem.features.shape[1], 0))
    draws = -(-_DRAWS * count // 3)
    kinds = [gaussian(space, draws, rng)]
    around = [(vertices(space, -(-draws // 2), rng), _FROM_VERTICES)]
    if near.shape[1] > 0:
        around.append((near[:, rng.integers(near.shape[1], size=draws)], _FROM_NEURONS))
    for centres, distance in around:
        images = space.from_u @ centres
        lengths = np.linalg.norm(images, axis=0)
        images /= np.where(lengths > 0.0, lengths, 1.0)
        noise = rng.standard_normal(images.shape) / np.sqrt(space.rank)
        kinds.append(unit(space.to_u @ (images + distance * noise)))
    # In turns, so that each kind has its share whatever the limit is.
    longest = max(kind.shape[1] for kind in kinds)
    turns = [kind[:, [k]] for k in range(longest) for kind in kinds if k < kind.shape[1]]
    return np.hstack(turns)
