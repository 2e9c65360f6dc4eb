"""Who runs when, within which budget: lower bounds, training, audits and paths."""
