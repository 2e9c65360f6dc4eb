"""The level shor: a moment matrix of order d + c, over sums of points wherever these are."""
