"""Kernels against wide random networks and their gradients; ridge regression by its conditions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.errors import InputError
from certnn.studies.baselines import KernelRidge, nngp_kernel, ntk_kernel


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_kernels_are_those_of_wide_networks(seed):
    rng = np.random.default_rng(seed)
    width = 400_000
    x, z = rng.standard_normal((2, 3))
    U, v = rng.standard_normal((3, width)), rng.standard_normal(width)
    a, b = x @ U, z @ U
    output = np.maximum(a, 0.0) * np.maximum(b, 0.0)
    inner = (v**2 * (a > 0) * (b > 0)) * (x @ z)
    size = np.linalg.norm(x) * np.linalg.norm(z)
    for kernel, samples in ((nngp_kernel, output), (ntk_kernel, output + inner)):
        value = kernel(x[None], z[None])[0, 0]
        error = np.std(samples) / np.sqrt(width)
        assert abs(value - np.mean(samples)) <= 6.0 * error + 1e-12 * size


@pytest.mark.parametrize("kernel", [nngp_kernel, ntk_kernel])
def test_parallel_opposite_and_zero_rows(kernel):
    x = np.array([[3.0, 4.0], [6.0, 8.0], [-3.0, -4.0], [0.0, 0.0]])
    share = 0.5 if kernel is nngp_kernel else 1.0
    expected = share * np.array([[25, 50, 0, 0], [50, 100, 0, 0], [0, 0, 25, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(kernel(x, x), expected, atol=1e-6)


@pytest.mark.parametrize("kernel", [nngp_kernel, ntk_kernel])
def test_ridge_regression_is_stationary(kernel):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((12, 3)), rng.standard_normal((12, 2))
    fitted = KernelRidge.fit(kernel, X, Y, 0.3)
    np.testing.assert_allclose(fitted.predict(X) - Y, -0.3 * fitted.coefficients, atol=1e-10)


@pytest.mark.parametrize("ridge", [0.0, -1.0, np.nan, np.inf])
def test_bad_ridge_is_refused(ridge):
    with pytest.raises(InputError):
        KernelRidge.fit(ntk_kernel, np.ones((2, 1)), np.ones((2, 1)), ridge)
