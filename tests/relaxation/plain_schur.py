"""The Schur complement of a Newton step in NumPy."""


def schur_numpy(primal, dual, first, second, weight, out):
    """As `certnn.relaxation.interior.dense.schur.SchurWriter`, some rows at a time."""
    half = 0.5 * weight
    for start in range(0, first.size, 64):
        rows = slice(start, start + 64)
        x, y = first[start:], second[start:]
        pi, pj = primal[first[rows]], primal[second[rows]]
        di, dj = dual[first[rows]], dual[second[rows]]
        block = (
            pi[:, x] * dj[:, y] + pj[:, x] * di[:, y] + pi[:, y] * dj[:, x] + pj[:, y] * di[:, x]
        )
        out[rows, start:] = half[rows, None] * block * weight[start:]
