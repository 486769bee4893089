"""The sparse matrix of a 2-D convolution against the usual recipe, scipy's kron and diags."""

import numpy as np
import pytest
from scipy import sparse

from segviz.ops import convolution_matrix_2d

KERNEL = np.random.default_rng(0).standard_normal((7, 7))


def band(weights, outputs, inputs, padding):
    """The matrix of a 1-D convolution at stride 1, diagonal by diagonal."""
    offsets = [tap - padding for tap in range(len(weights))]
    return sparse.diags_array(list(weights), offsets=offsets, shape=(outputs, inputs))


def kron_diags(kernel, size, padding):
    """One Kronecker product for each row of the kernel: which picture row, then which column."""
    outputs = [n + 2 * padding - k + 1 for n, k in zip(size, kernel.shape, strict=True)]
    return sum(
        sparse.kron(
            sparse.diags_array([1.0], offsets=[row - padding], shape=(outputs[0], size[0])),
            band(kernel[row], outputs[1], size[1], padding),
            format="csr",
        )
        for row in range(len(kernel))
    )


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize(("side", "goal"), [(64, "0.3"), (256, "none set")])
def test_7x7(against, side, goal, padding):
    size = (side, side)
    ours = convolution_matrix_2d(KERNEL, size, padding=padding)
    assert abs(ours - kron_diags(KERNEL, size, padding)).max() == 0
    against(
        lambda: convolution_matrix_2d(KERNEL, size, padding=padding),
        lambda: kron_diags(KERNEL, size, padding),
        goal,
    )
