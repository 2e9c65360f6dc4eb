"""Cells of weight space with a quadratic on each: search for proofs of a dual norm. Untrusted."""
