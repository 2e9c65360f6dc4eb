"""The training problem, networks and losses: what all rooms speak of, with its duality."""
