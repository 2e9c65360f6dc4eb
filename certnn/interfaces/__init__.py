"""The doors: command line, scikit-learn's estimators, pytest plugin, demonstration."""
