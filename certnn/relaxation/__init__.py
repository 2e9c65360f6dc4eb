"""The paper's relaxation at several levels, and solvers for it. Untrusted: the kernel judges."""
