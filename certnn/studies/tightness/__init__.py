"""How tight the levels are, over families of problems: measured, kept, and compared."""
