"""Every pixel of 512 x 512 from a 65 x 65 patch: the patch loop against the dense network.

The loop would take minutes, so it runs on a sample of pixels, in turns with the dense network, and
is extrapolated. Times are printed, never asserted; that both give the same scores is.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

import segviz
from segviz.models import create, to_fully_convolutional

SIZE, PATCH, SAMPLE, ROUNDS = 512, 65, 100, 4
TOLERANCE = 1e-5


def seconds(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


@torch.inference_mode()
def loop(classifier, padded, pixels):
    """The honest loop: extract a patch, classify the pixel in its middle, repeat."""
    scores = [
        classifier(padded[None, :, row : row + PATCH, column : column + PATCH])[0]
        for row, column in pixels
    ]
    return torch.stack(scores)


def test_dense_prediction_against_the_patch_loop(capsys):
    classifier = create("sliding_window", patch_size=PATCH, width=24, hidden=64, seed=0).eval()
    dense = to_fully_convolutional(classifier)
    generator = np.random.default_rng(0)
    picture = generator.random((SIZE, SIZE), dtype=np.float32)
    padded = torch.from_numpy(np.pad(picture, PATCH // 2, mode="reflect"))[None]
    image = torch.from_numpy(picture)[None, None]
    in_one_run = torch.inference_mode()(dense)
    in_one_run(image)
    dense_times, loop_times, difference = [], [], 0.0
    for _ in range(ROUNDS):
        pixels = generator.integers(SIZE, size=(SAMPLE, 2)).tolist()
        spent, scores = seconds(in_one_run, image)
        dense_times.append(spent)
        spent, expected = seconds(loop, classifier, padded, pixels)
        loop_times.append(spent / SAMPLE)
        rows, columns = torch.tensor(pixels).T
        found = scores[0][:, rows, columns].T
        difference = max(difference, (found - expected).abs().max().item())
    whole, once = min(loop_times) * SIZE**2, min(dense_times)
    patch_cost = segviz.cost(classifier, (1, PATCH, PATCH)).multiply_adds * SIZE**2
    dense_cost = segviz.cost(dense, (1, SIZE, SIZE)).multiply_adds
    with capsys.disabled():
        print(
            f"\n{SIZE} x {SIZE} pixels, patch {PATCH} x {PATCH}, {torch.get_num_threads()} threads"
            f"\n  patch loop    {whole:8.1f} s, extrapolated from {ROUNDS} x {SAMPLE} pixels"
            f"\n  dense network {once:8.3f} s: {whole / once:.0f} times faster"
            f"\n  multiply-adds {patch_cost / 1e9:.0f} G against {dense_cost / 1e9:.2f} G: "
            f"{patch_cost / dense_cost:.0f} times fewer"
            f"\n  largest difference {difference:.1e}"
        )
    assert difference <= TOLERANCE


@pytest.mark.parametrize("patch_size", [33, 65, 95])
def test_multiply_adds_are_those_of_the_formula(patch_size):
    """By hand: kernel weights times positions, in every patch, and once in the padded picture."""
    classifier = create("sliding_window", patch_size=patch_size, width=4, hidden=8, seed=0)
    size, maps, patch, dense, rate = 64, patch_size, 0, 0, 1
    padded = size + patch_size - 1
    channels = 1
    while maps > 4:
        kernel_size = 4 if maps % 2 else 5
        weights = kernel_size**2 * channels * 4
        maps, padded = maps - kernel_size + 1, padded - (kernel_size - 1) * rate
        patch, dense = patch + weights * maps**2, dense + weights * padded**2
        maps, padded, rate, channels = maps // 2, padded - rate, rate * 2, 4
    last = maps**2 * channels * 8 + 8 * 2
    assert padded - (maps - 1) * rate == size
    assert segviz.cost(classifier, (1, patch_size, patch_size)).multiply_adds == patch + last
    dense_network = to_fully_convolutional(classifier)
    assert segviz.cost(dense_network, (1, size, size)).multiply_adds == dense + last * size**2
