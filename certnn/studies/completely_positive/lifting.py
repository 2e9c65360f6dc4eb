"""A network as a point of the completely positive program, in exact rationals (Theorem 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from certnn.arrays import FloatArray
from certnn.cones.certificates import CompletelyPositive, Factorization, Term
from certnn.cones.check import verify
from certnn.cones.matrix import SymmetricMatrix, Vector, dot
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.moments.lifted_setting import require_lifted_setting


@dataclass(frozen=True)
class LiftedNeuron:
    """One neuron z = (α, β, u, v).

    Attributes
    ----------
    alpha, beta : tuple of Fraction, length n
        (Xu)₊ and (−Xu)₊.
    u, v : tuple of Fraction
        Hidden and output weights.
    """

    alpha: Vector
    beta: Vector
    u: Vector
    v: Vector

    @property
    def vector(self) -> Vector:
        """z, of length 2n + columns + c."""
        return self.alpha + self.beta + self.u + self.v


@dataclass(frozen=True)
class LiftedNetwork:
    """Λ = Σ zzᵀ of a network: a feasible point of the completely positive program.

    The neurons are the certificate that Λ is in the cone. Of a network, by `lift`, they are what
    they should be by construction; `verify` checks any.

    Attributes
    ----------
    problem : TrainingProblem
    neurons : tuple of LiftedNeuron
    """

    problem: TrainingProblem
    neurons: tuple[LiftedNeuron, ...]

    @property
    def order(self) -> int:
        """2n + columns + c."""
        return 2 * self.problem.n + int(self.problem.features.shape[1]) + self.problem.c

    def matrix(self) -> SymmetricMatrix:
        """Λ, in the order α, β, u, v."""
        return _sum_of_squares([neuron.vector for neuron in self.neurons], self.order)

    def activation_block(self) -> SymmetricMatrix:
        """The block of α and β, of order 2n."""
        squares = [neuron.alpha + neuron.beta for neuron in self.neurons]
        return _sum_of_squares(squares, 2 * self.problem.n)

    def membership(self) -> CompletelyPositive:
        """The block of α and β with its factor, as a verdict that `certnn.cones.verify` takes."""
        terms = (Term(Fraction(1), neuron.alpha + neuron.beta) for neuron in self.neurons)
        factor = Factorization(tuple(terms), (), "neurons")
        return CompletelyPositive(self.activation_block(), factor)

    def verify(self) -> None:
        """Check that Λ is a point of the program (Theorem 5(b)).

        Raises `certnn.cones.Rejected` if α or β of a neuron is negative; `InputError` if lengths
        do not fit, an α_i β_i is not zero, or α − β is not Xu.
        """
        n, columns, c = self.problem.n, self.problem.features.shape[1], self.problem.c
        features = _rows(self.problem.features)
        for neuron in self.neurons:
            lengths = [len(part) for part in (neuron.alpha, neuron.beta, neuron.u, neuron.v)]
            if lengths != [n, n, columns, c]:
                raise InputError("neurons", f"must have parts of lengths {n}, {n}, {columns}, {c}")
            for a, b, x in zip(neuron.alpha, neuron.beta, features, strict=True):
                if a * b != 0:
                    raise InputError("neurons", "must have a point on one side only")
                if a - b != dot(x, neuron.u):
                    raise InputError("neurons", "must have α − β = Xu")
        verify(self.membership())

    def objective(self) -> Fraction:
        """Φ(Λ) = ½‖Λ_αv − Y‖² + (reg/2)(tr Λ_uu + tr Λ_vv), read off the matrix."""
        n, columns = self.problem.n, int(self.problem.features.shape[1])
        rows = self.matrix().rows
        targets = _rows(self.problem.Y)
        error = sum(
            (rows[i][2 * n + columns + k] - targets[i][k]) ** 2
            for i in range(n)
            for k in range(self.problem.c)
        )
        decay = sum(rows[i][i] for i in range(2 * n, self.order))
        return (error + Fraction(self.problem.reg) * decay) / 2

    def to_floats(self) -> FloatArray:
        """Λ in float64, rounded, shape (2n + columns + c, 2n + columns + c)."""
        z = np.array([[float(x) for x in neuron.vector] for neuron in self.neurons])
        z = z.reshape(len(self.neurons), self.order)
        result: FloatArray = z.T @ z
        return result

    def network(self) -> TwoLayerNetwork:
        """The network, in float64: exact where its weights are floats."""
        U = np.array([[float(x) for x in neuron.u] for neuron in self.neurons])
        V = np.array([[float(x) for x in neuron.v] for neuron in self.neurons])
        width, columns = len(self.neurons), int(self.problem.features.shape[1])
        return TwoLayerNetwork(U.reshape(width, columns).T, V.reshape(width, self.problem.c))

    def __repr__(self) -> str:
        return f"LiftedNetwork(order={self.order}, neurons={len(self.neurons)})"


def lift(network: TwoLayerNetwork, problem: TrainingProblem) -> LiftedNetwork:
    """The neurons of a network as vectors z = (α, β, u, v), exactly.

    Raises `InputError` if its shapes are not those of the problem, or the problem has another loss
    than the squared one, or a free or an output bias.

    Parameters
    ----------
    network : TwoLayerNetwork
    problem : TrainingProblem
        Whose data it is evaluated on.
    """
    require_lifted_setting(problem)
    network.require_fits(problem)
    features = _rows(problem.features)
    neurons = []
    for u, v in zip(_rows(network.U.T), _rows(network.V), strict=True):
        inputs = [dot(x, u) for x in features]
        alpha = tuple(max(t, Fraction(0)) for t in inputs)
        beta = tuple(max(-t, Fraction(0)) for t in inputs)
        neurons.append(LiftedNeuron(alpha, beta, u, v))
    return LiftedNetwork(problem, tuple(neurons))


def _rows(matrix: FloatArray) -> list[Vector]:
    return [tuple(Fraction(float(entry)) for entry in row) for row in matrix]


def _sum_of_squares(vectors: Sequence[Vector], order: int) -> SymmetricMatrix:
    rows = [[Fraction(0)] * order for _ in range(order)]
    for vector in vectors:
        for i, x in enumerate(vector):
            if x:
                for j in range(i + 1):
                    rows[i][j] += x * vector[j]
    for i in range(order):
        for j in range(i):
            rows[j][i] = rows[i][j]
    return SymmetricMatrix.of(rows)
