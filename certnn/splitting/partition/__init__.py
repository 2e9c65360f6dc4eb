"""Partition of weight space into cones: the search for proofs of a dual norm. Untrusted."""
