"""The dense CRF on 321 x 481 pixels and 21 labels: the lattice against pydensecrf, in turns.

pydensecrf no longer installs by itself, so it is not among our packages: where it can be imported
its time and labels stand beside ours, and without it ours stand alone. Nothing timed is asserted.
"""

from __future__ import annotations

import importlib.util
import statistics
import time

import numpy as np
import skimage.data
import torch
from scipy import ndimage

from segviz.postprocessing import dense_crf

SIZE, LABELS, ROUNDS = (321, 481), 21, 5
KERNELS = {"appearance_weight": 4.0, "position_sigma": 67.0, "colour_sigma": 10.0}
KERNELS |= {"smoothness_weight": 3.0, "smoothness_sigma": 3.0}


def problem():
    image = skimage.data.coffee()[: SIZE[0], : SIZE[1]]
    noise = np.random.default_rng(0).normal(size=(LABELS, *SIZE))
    coarse = ndimage.gaussian_filter(noise, (0, 12, 12))
    scores = 2 * coarse / coarse.std() + 3 * ndimage.gaussian_filter(noise[::-1], (0, 1, 1))
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=0)
    return probabilities.astype(np.float32), image


def peer(probabilities, image):
    from pydensecrf import densecrf

    height, width = image.shape[:2]
    crf = densecrf.DenseCRF2D(width, height, LABELS)
    crf.setUnaryEnergy(np.ascontiguousarray(-np.log(probabilities).reshape(LABELS, -1)))
    after = {"normalization": densecrf.NORMALIZE_AFTER}
    crf.addPairwiseGaussian(sxy=3, compat=3, **after)
    crf.addPairwiseBilateral(sxy=67, srgb=10, rgbim=np.ascontiguousarray(image), compat=4, **after)
    return np.array(crf.inference(5)).reshape(probabilities.shape)


def seconds(function, *arguments, **settings):
    start = time.process_time()
    result = function(*arguments, **settings)
    return time.process_time() - start, result


def test_dense_crf_speed(benchmark, capsys):
    torch.set_num_threads(1)
    probabilities, image = problem()
    ours, theirs = [], []
    tensor = image.transpose(2, 0, 1).astype(np.float32) / 255
    compare = importlib.util.find_spec("pydensecrf") is not None
    warm_up = {"iterations": 5, **KERNELS}  # without the fixture, --benchmark-only would skip this
    benchmark.pedantic(dense_crf, (probabilities, tensor), warm_up, rounds=1)
    for _ in range(ROUNDS):
        spent, labels = seconds(dense_crf, probabilities, tensor, iterations=5, **KERNELS)
        ours.append(spent)
        if compare:
            spent, other = seconds(peer, probabilities, image)
            theirs.append(spent)
    crop = np.s_[:, 100:196, 150:278]
    settings = {"iterations": 5, **KERNELS}
    exact = dense_crf(probabilities[crop], tensor[crop], method="exact", **settings).argmax(axis=0)
    differ = {
        method: (
            dense_crf(probabilities[crop], tensor[crop], method=method, **settings).argmax(axis=0)
            != exact
        ).mean()
        for method in ("lattice", "fine")
    }
    if compare:
        theirs_there = peer(probabilities[crop], np.ascontiguousarray(image[crop[1:]]))
        differ["pydensecrf"] = (theirs_there.argmax(axis=0) != exact).mean()
    with capsys.disabled():
        print(f"\ndense CRF, 5 iterations: {statistics.median(ours):.3f} CPU s")
        print(
            "labels unlike the exact sums: " + ", ".join(f"{k} {v:.2%}" for k, v in differ.items())
        )
        if compare:
            ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
            same = (labels.argmax(axis=0) == other.argmax(axis=0)).mean()
            print(f"{ratio:.2f} of pydensecrf's time; {same:.2%} of the labels are its labels")
    assert differ["fine"] <= 0.001 < differ["lattice"] < 0.01
