"""Groups of points: which, with what shares of reg, and on which processes they are proved."""
