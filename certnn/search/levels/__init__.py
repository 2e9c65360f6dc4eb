"""The levels of proof: which there are, in which order they run, and each one run and certified."""
