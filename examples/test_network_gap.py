"""A test that keeps a network within a proved gap: python -m pytest examples/test_network_gap.py

The fixtures and the marker come with certnn. With --certnn-report DIR a failure leaves its report,
the certificate and the better network there.
"""

import pytest

from certnn import train
from certnn.reading.datasets import iris


@pytest.mark.certnn(time_limit=30)
def test_iris_is_trained_to_two_per_cent(assert_certified_gap):
    problem = iris(reg=0.1)
    network = train(problem, gap=0.01).network  # in real life the one that is to be shipped
    assert_certified_gap(network, problem.X, problem.Y, problem.reg, max_gap=0.02)


def test_the_relaxation_reaches_three_fifths(assert_tight):
    assert_tight(iris(reg=0.1), level="dnn", min_ratio=0.6)
