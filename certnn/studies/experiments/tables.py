"""Names of the tables: how tight, how accurate as in the paper, and how accurate fairly."""

TIGHTNESS, ACCURACY, FAIR = "tightness", "accuracy", "fair"
