"""The level cuts: products of sublinearity slacks, and forms on sets of up to four points."""

from certnn.relaxation.interior.cuts.rounds import CutFamilies, CutsIterate, cut_rounds

__all__ = ["CutFamilies", "CutsIterate", "cut_rounds"]
