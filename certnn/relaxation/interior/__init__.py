"""Interior point methods of our own: dense, in groups, with cuts, over lifts."""
