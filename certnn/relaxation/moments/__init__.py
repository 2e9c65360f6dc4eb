"""Moment matrices: lifted, feasible exactly, as files."""
