"""What the searches are used to find out: tightness, exact solutions, experiments, baselines."""
