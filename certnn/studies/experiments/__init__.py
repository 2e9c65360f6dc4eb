"""The experiments of the paper and ours: how tight, and how accurate, under which protocol."""
