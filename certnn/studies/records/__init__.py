"""The best network and the best proved bound known of each problem, kept with their files."""
