"""Splitting of activation phases: the search for proofs of a dual norm. Untrusted."""
