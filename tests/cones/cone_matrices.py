"""Matrices from the literature, with their citations, and families made from them."""

from fractions import Fraction
from itertools import combinations

import networkx as nx
import numpy as np

from certnn.cones import SymmetricMatrix


def circulant(row):
    n = len(row)
    return SymmetricMatrix.of([[row[(j - i) % n] for j in range(n)] for i in range(n)])


#: A. Horn, in M. Hall and M. Newman, *Copositive and completely positive quadratic forms*, 1963.
HORN = circulant([1, -1, 1, 1, -1])
#: A. J. Hoffman and F. Pereira, *On copositive matrices with −1, 0, 1 entries*, 1973.
HOFFMAN_PEREIRA = circulant([1, -1, 1, 0, 0, 1, -1])

#: A. Berman and N. Shaked-Monderer, *Completely positive matrices*, 2003, and J. Nie, *The
#: A-truncated K-moment problem*, 2014, Example 6.2: doubly nonnegative, not completely positive.
#: Its support is a cycle of length 5, as that of all extreme such matrices of order 5, but for the
#: order of rows: S. Burer, K. M. Anstreicher and M. Dür, *The difference between 5×5 doubly
#: nonnegative and completely positive matrices*, 2009.
BAD_CYCLE = SymmetricMatrix.of(
    [[1, 1, 0, 0, 1], [1, 2, 1, 0, 0], [0, 1, 2, 1, 0], [0, 0, 1, 2, 1], [1, 0, 0, 1, 6]]
)
#: Not completely positive: not even psd (Berman and Shaked-Monderer, Example 2.17).
NOT_PSD = SymmetricMatrix.of(
    [[2, 0, 0, 1, 1], [0, 2, 0, 1, 1], [0, 0, 2, 1, 1], [1, 1, 1, 2, 0], [1, 1, 1, 0, 2]]
)

COMPLETELY_POSITIVE = {
    # J. Sponsel and M. Dür, *Factorization and cutting planes*, 2014, Section 4.1
    "Sponsel-Dür": [
        [2, 1, 1, 1, 2],
        [1, 2, 2, 1, 1],
        [1, 2, 6, 5, 1],
        [1, 1, 5, 6, 2],
        [2, 1, 1, 2, 3],
    ],
    # Berman and Shaked-Monderer, Examples 2.7, 2.22, 2.28, 2.16 and Exercise 2.45
    "BSM 2.7": [
        [1, 1, 0, 0, 1],
        [1, 2, 1, 0, 0],
        [0, 1, 3, 1, 0],
        [0, 0, 1, 4, 1],
        [1, 0, 0, 1, 5],
    ],
    "BSM 2.22": circulant([2, 1, 0, 0, 1]).rows,
    "BSM 2.28": [[6, 0, 2, 2], [0, 5, 4, 2], [2, 4, 6, 0], [2, 2, 0, 6]],
    "BSM 2.16": [
        [2, 1, 1, 0, 0],
        [1, 2, 0, 0, 1],
        [1, 0, 2, 1, 0],
        [0, 0, 1, 2, 1],
        [0, 1, 0, 1, 2],
    ],
    "BSM 2.45": [[6, 5, 3, 0], [5, 11, 4, 0], [3, 4, 2, 0], [0, 0, 0, 0]],
    # Nie, Example 6.1
    "Nie 6.1": [
        [6, 4, 1, 2, 2],
        [4, 6, 0, 1, 3],
        [1, 0, 3, 1, 2],
        [2, 1, 1, 2, 1],
        [2, 3, 2, 1, 5],
    ],
    # J. Zhou and A. Fan, *The CP-matrix completion problem*, 2014, Example 5.2
    "Zhou-Fan": circulant([2, 1, 0, 0, 0, 0, 1]).rows,
    # P. Groetzner and M. Dür, *A factorization method for completely positive matrices*, 2020;
    # orthogonal to the Horn matrix, so on the boundary
    "Groetzner-Dür": circulant([8, 5, 1, 1, 5]).rows,
}

#: I. M. Bomze, W. Schachinger and R. Ullrich, *From seven to eleven: completely positive matrices
#: with high cp-rank*, 2014: on the boundary; with their cp-ranks.
HIGH_CP_RANK = {
    "7": (14, circulant([926, 531, 81, 150, 150, 81, 531]).rows),
    "7~": (14, circulant([163, 108, 27, 4, 4, 27, 108]).rows),
    "8~": (
        18,
        [
            [541, 880, 363, 24, 55, 11, 24, 0],
            [880, 2007, 1496, 363, 48, 22, 22, 24],
            [363, 1496, 2223, 1452, 363, 24, 22, 11],
            [24, 363, 1452, 2325, 1584, 363, 48, 55],
            [55, 48, 363, 1584, 2325, 1452, 363, 24],
            [11, 22, 24, 363, 1452, 2223, 1496, 363],
            [24, 22, 22, 48, 363, 1496, 2007, 880],
            [0, 24, 11, 55, 24, 363, 880, 541],
        ],
    ),
    "9~": (
        26,
        [
            [2548, 1628, 363, 60, 55, 55, 60, 363, 1628],
            [1628, 2548, 1628, 363, 60, 55, 55, 60, 363],
            [363, 1628, 2483, 1562, 363, 42, 22, 55, 60],
            [60, 363, 1562, 2476, 1628, 363, 42, 55, 55],
            [55, 60, 363, 1628, 2548, 1628, 363, 60, 55],
            [55, 55, 42, 363, 1628, 2476, 1562, 363, 60],
            [60, 55, 22, 42, 363, 1562, 2483, 1628, 363],
            [363, 60, 55, 55, 60, 363, 1628, 2548, 1628],
            [1628, 363, 60, 55, 55, 60, 363, 1628, 2548],
        ],
    ),
    "11~": (
        32,
        [
            [781, 0, 72, 36, 228, 320, 240, 228, 36, 96, 0],
            [0, 845, 0, 96, 36, 228, 320, 320, 228, 36, 96],
            [72, 0, 827, 0, 72, 36, 198, 320, 320, 198, 36],
            [36, 96, 0, 845, 0, 96, 36, 228, 320, 320, 228],
            [228, 36, 72, 0, 781, 0, 96, 36, 228, 240, 320],
            [320, 228, 36, 96, 0, 845, 0, 96, 36, 228, 320],
            [240, 320, 198, 36, 96, 0, 745, 0, 96, 36, 228],
            [228, 320, 320, 228, 36, 96, 0, 845, 0, 96, 36],
            [36, 228, 320, 320, 228, 36, 96, 0, 845, 0, 96],
            [96, 36, 198, 320, 240, 228, 36, 96, 0, 745, 0],
            [0, 96, 36, 228, 320, 320, 228, 36, 96, 0, 845],
        ],
    ),
}


class Angle:
    """An angle with a rational cosine and sine, from the tangent of its half."""

    def __init__(self, cos, sin):
        self.cos, self.sin = cos, sin

    @classmethod
    def near(cls, share):
        """An angle near a share of π."""
        t = Fraction(round(np.tan(share * np.pi / 2) * 128), 128)
        return cls((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t))

    def __add__(self, other):
        return Angle(
            self.cos * other.cos - self.sin * other.sin, self.sin * other.cos + self.cos * other.sin
        )

    def __sub__(self, other):
        return self + Angle(other.cos, -other.sin)


def from_upper(entries):
    """A matrix with a unit diagonal from the rows above it."""
    n = len(entries) + 1
    rows = [[Fraction(1)] * n for _ in range(n)]
    for i, row in enumerate(entries):
        for j, value in enumerate(row, start=i + 1):
            rows[i][j] = rows[j][i] = value
    return SymmetricMatrix.of(rows)


def hildebrand(shares):
    """R. Hildebrand, *The extreme rays of the 5×5 copositive cone*, 2012; the sum is below π."""
    a = [Angle.near(share) for share in shares]
    rows = [[Fraction(1)] * 5 for _ in range(5)]
    for i in range(5):
        j, k = (i + 1) % 5, (i + 2) % 5
        rows[i][j] = rows[j][i] = -a[i].cos
        rows[i][k] = rows[k][i] = (a[i] + a[j]).cos
    return SymmetricMatrix.of(rows)


def afonin_13(shares, second=False):
    """A. Afonin, R. Hildebrand and P. J. C. Dickinson, *The extreme rays of the 6×6 copositive
    cone*, 2021, Cases 13.1 and 13.2."""
    p1, p2, p3, p4, p5, p6 = (Angle.near(share) for share in shares)
    across = p5 + p6 + p1 if second else p2 + p3 + p4
    return from_upper(
        [
            [-p1.cos, (p1 + p2).cos, -(p1 + p2 + p3).cos, (p5 + p6).cos, -p6.cos],
            [-p2.cos, (p2 + p3).cos, -across.cos, (p1 + p6).cos],
            [-p3.cos, (p3 + p4).cos, -(p3 + p4 + p5).cos],
            [-p4.cos, (p4 + p5).cos],
            [-p5.cos],
        ]
    )


def afonin_16(shares):
    """The same, Case 16."""
    p1, p2, p3, p4, p5, p6, p7 = (Angle.near(share) for share in shares)
    return from_upper(
        [
            [-p2.cos, -p1.cos, (p2 + p3).cos, (p2 + p4).cos, (p1 + p5).cos],
            [(p1 + p2).cos, -p3.cos, -p4.cos, (p3 + p6).cos],
            [(p5 + p6).cos, (p5 + p7).cos, -p5.cos],
            [(p6 - p7).cos, -p6.cos],
            [-p7.cos],
        ]
    )


#: L. D. Baumert, *Extreme copositive quadratic forms*, 1966: a row of an extreme form twice.
BAUMERT = SymmetricMatrix.of([[*row, row[4]] for row in (*HORN.rows, HORN.rows[4])])

COPOSITIVE_BOUNDARY = {
    "Horn": HORN,
    "Hoffman-Pereira": HOFFMAN_PEREIRA,
    "Baumert": BAUMERT,
    "Hildebrand": hildebrand([0.1, 0.2, 0.15, 0.25, 0.12]),
    "Hildebrand, narrow": hildebrand([0.02, 0.3, 0.3, 0.3, 0.03]),
    "Case 13.1": afonin_13([0.2, 0.25, 0.48, 0.25, 0.2, 0.1]),
    "Case 13.2": afonin_13([0.43, 0.14, 0.43, 0.14, 0.43, 0.14], second=True),
    "Case 16": afonin_16([0.11, 0.11, 0.11, 0.39, 0.11, 0.22, 0.17]),
}


def hamming_graph(bits, distance):
    """DIMACS hamming-b-d: words at a Hamming distance of at least d."""
    words = range(2**bits)
    graph = nx.empty_graph(words)
    graph.add_edges_from(p for p in combinations(words, 2) if (p[0] ^ p[1]).bit_count() >= distance)
    return graph


def johnson_graph(n, weight, distance):
    """DIMACS johnson-n-w-d: sets of w of n at a Hamming distance of at least d."""
    sets = [frozenset(c) for c in combinations(range(n), weight)]
    graph = nx.empty_graph(len(sets))
    graph.add_edges_from(
        (i, j) for i, j in combinations(range(len(sets)), 2) if len(sets[i] ^ sets[j]) >= distance
    )
    return graph


def gram(factor):
    """HH' of an integer array."""
    return SymmetricMatrix.of((factor @ factor.T).tolist())


def bad_of_order(order, generator):
    """Not completely positive: BAD_CYCLE times 1000, and squares that touch it little."""
    factor = np.zeros((order, 3 * order), dtype=int)
    factor[5:] = generator.integers(0, 4, (order - 5, 3 * order))
    for column in range(order - 5):
        factor[generator.integers(5), column] = 1
    square = factor @ factor.T
    square[:5, :5] += 1000 * np.array([[int(x) for x in row] for row in BAD_CYCLE.rows])
    return SymmetricMatrix.of(square.tolist())
