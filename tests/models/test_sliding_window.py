"""The patch classifier and the loop around it."""

import numpy as np
import pytest
import torch
from torch import nn

from segviz.models import SlidingWindow, extract_patches, predict_patches
from segviz.models.blocks import mirror_pad


def test_n4_is_the_network_of_the_paper():
    sizes = []
    maps = torch.zeros(1, 1, 95, 95)
    classifier = SlidingWindow()
    for layer in classifier:
        maps = layer(maps)
        if isinstance(layer, (nn.Conv2d, nn.MaxPool2d)):
            sizes.append(maps.shape[-1])
    assert sizes == [92, 46, 42, 21, 18, 9, 6, 3]
    assert sum(weight.numel() for weight in classifier.parameters()) == 219_290
    assert [m.kernel_size[0] for m in classifier if isinstance(m, nn.Conv2d)] == [4, 5, 4, 4]


@pytest.mark.parametrize("patch_size", [1, 3, 5, 9, 33, 65])
def test_every_odd_patch_gives_one_answer(patch_size):
    classifier = SlidingWindow(2, 3, patch_size=patch_size, width=2, hidden=4)
    assert classifier(torch.rand(5, 2, patch_size, patch_size)).shape == (5, 3)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 1, 33, 35), r"patches of 33 x 35 do not fit: .* Use 33 x 33; .* predict_patches"),
        ((1, 2, 33, 33), r"Give pictures of 1 channel\."),
        ((1, 33, 33), r"patches\[None\]"),
    ],
)
def test_other_patches_are_refused_in_words(shape, words):
    with pytest.raises(ValueError, match=words):
        SlidingWindow(patch_size=33, width=2)(torch.rand(shape))


def test_the_first_layers_can_be_cut_off():
    classifier = SlidingWindow(patch_size=33, width=2)
    assert classifier[:3](torch.rand(1, 1, 33, 33)).shape == (1, 2, 15, 15)
    assert classifier[-1].out_features == 2


def test_the_pixel_stands_in_the_middle():
    image = torch.arange(30.0).reshape(1, 5, 6)
    pixels = torch.cartesian_prod(torch.arange(5), torch.arange(6))
    patches = extract_patches(image, pixels, 7)
    assert torch.equal(patches[:, 0, 3, 3], image.flatten())


@pytest.mark.parametrize("margin", [0, 1, 3, 11])
@pytest.mark.parametrize("size", [(4, 6), (1, 3), (2, 2)])
def test_mirror_as_in_numpy(size, margin):
    picture = np.random.default_rng(0).random((1, *size), dtype=np.float32)
    ours = mirror_pad(torch.from_numpy(picture), (margin, margin), (margin, margin + 1))
    if 1 in size:  # numpy 2 repeats a single row, older ones did not: repeat it here
        rows = np.repeat(picture, 2 * margin + 1, axis=1) if size[0] == 1 else picture
        theirs = np.pad(rows, ((0, 0), (0, 0), (margin, margin + 1)), mode="reflect")
    else:
        theirs = np.pad(picture, ((0, 0), (margin, margin), (margin, margin + 1)), mode="reflect")
    assert np.array_equal(ours.numpy(), theirs)


def test_loop_classifies_the_patch_of_each_pixel():
    classifier = SlidingWindow(patch_size=5, width=2, hidden=3).eval()
    image = torch.rand(1, 4, 7)
    scores = predict_patches(classifier, image)
    patch = extract_patches(image, torch.tensor([[2, 6]]), 5)
    with torch.no_grad():
        assert torch.allclose(scores[:, 2, 6], classifier(patch)[0])
    assert torch.allclose(scores, predict_patches(classifier, image, batch_size=9), atol=1e-6)


def test_loop_runs_in_evaluation_mode_and_restores_the_mode():
    classifier = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(9, 2))
    classifier[1].eval()
    one, two = (predict_patches(classifier, torch.ones(1, 3, 3), patch_size=3) for _ in range(2))
    assert torch.equal(one, two)
    assert classifier.training
    assert not classifier[1].training


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"patch_size": 32}, "Use 31 or 33"),
        ({"patch_size": 0}, "patch_size"),
        ({"patch_size": 9.0}, "patch_size"),
        ({"in_channels": 0}, "in_channels"),
        ({"num_classes": 1}, "num_classes"),
        ({"width": -1}, "width"),
        ({"hidden": None}, "hidden"),
    ],
)
def test_illegal_networks(settings, words):
    with pytest.raises((ValueError, TypeError), match=words):
        SlidingWindow(**settings)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        ([[0, 0]], "int64 tensor"),
        (torch.zeros(1, 2), "int64 tensor"),
        (torch.ones(1, 2, dtype=torch.bool), "int64 tensor"),
        (torch.zeros(2, dtype=torch.int64), r"shape \(n, 2\)"),
        (torch.tensor([[0, 4]]), "outside"),
        (torch.tensor([[-1, 0]]), "outside"),
    ],
)
def test_illegal_pixels(pixels, words):
    with pytest.raises((ValueError, TypeError), match=words):
        extract_patches(torch.zeros(1, 4, 4), pixels, 3)


@pytest.mark.parametrize(
    "image", [torch.zeros(4, 4), torch.zeros(1, 1, 4, 4), None, torch.zeros(1, 0, 4)]
)
def test_illegal_pictures(image):
    with pytest.raises((ValueError, TypeError), match="image"):
        extract_patches(image, torch.zeros(1, 2, dtype=torch.int64), 3)
    with pytest.raises((ValueError, TypeError), match="image"):
        predict_patches(SlidingWindow(patch_size=5, width=2), image)


def test_unknown_patch_size():
    with pytest.raises(ValueError, match="Give patch_size"):
        predict_patches(nn.Sequential(nn.Flatten()), torch.zeros(1, 4, 4))
