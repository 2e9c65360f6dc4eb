"""The relaxation as a model of CVXPY or PICOS, solved in a process of its own."""
