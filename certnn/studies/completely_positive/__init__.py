"""The completely positive program: what the relaxation relaxes, and its exact solution.

Training is the minimisation of a convex function of Λ = Σ zzᵀ over the neurons z = (α, β, u, v), a
completely positive matrix (Theorem 5). Here Λ is an exact object, with the neurons as certificate
of its membership; `exact_solution` finds an optimal one together with the dual certificate.
"""

from certnn.studies.completely_positive.exact import ExactSolution, exact_solution
from certnn.studies.completely_positive.lifting import LiftedNetwork, LiftedNeuron, lift

__all__ = ["ExactSolution", "LiftedNetwork", "LiftedNeuron", "exact_solution", "lift"]
