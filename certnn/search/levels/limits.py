"""Sizes that both the schedule and the forecast go by, which takes milliseconds and no solvers."""

#: Up to this many columns the level auto searches for a partition: its size grows steeply with
#: them.
PARTITION_UP_TO = 5
#: Up to so many outputs there are lifts, which have a direction of the outputs each.
LIFTS_OUTPUTS_UP_TO = 3
