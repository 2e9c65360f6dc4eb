"""The relaxation of small instances solved to a precision that the caller names.

Everything here proposes; what is proved is proved by the kernel, from a certificate, and by
`certnn.relaxation.moments.feasible_moment`, from an exactly feasible moment matrix.
"""
