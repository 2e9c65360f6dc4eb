"""Branch and bound for a dual norm: cones of weight space, phases, given patterns."""
