"""The tables of exercise 07 against the course's own loss and U-Net."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.functional import center_crop

from segviz.exercises import encoder_decoder as checks
from segviz.losses import dice_loss
from segviz.models.unet import UNet


@pytest.mark.parametrize("case", checks._DICE_LOSS, ids=lambda case: case.call)
def test_losses_are_vnets(case):
    p, g = (torch.tensor(one).flatten() for one in case.arguments.values())
    # Scores of background and object whose softmax is p.
    scores = torch.log(torch.stack([1 - p, p]).clamp(min=1e-300))[None]
    assert dice_loss(scores, g[None].long()).item() == pytest.approx(case.right, abs=1e-12)


def rows_from(n: int, depth: int) -> int:
    with torch.device("meta"):
        network, image = UNet(width=1, depth=depth), torch.zeros(1, 1, n, n)
    try:
        return network(image).shape[-1]
    except ValueError:
        return 0


@pytest.mark.parametrize("case", checks._UNET_SIZE, ids=lambda case: case.call)
def test_sizes_are_those_of_the_network(case):
    assert rows_from(**case.arguments) == case.right


@pytest.mark.parametrize("case", checks._CROP, ids=lambda case: case.call)
def test_crops_are_the_middle(case):
    skip, size = case.arguments.values()
    rows, columns = [(n - m) // 2 for n, m in zip(skip.shape[1:], size, strict=True)]
    kept = np.lib.stride_tricks.sliding_window_view(skip, size, (1, 2))[:, rows, columns]
    assert kept.tolist() == case.right
    if all((n - m) % 2 == 0 for n, m in zip(skip.shape[1:], size, strict=True)):
        assert center_crop(torch.tensor(skip), list(size)).tolist() == case.right


def test_no_mistake_is_right_and_no_two_are_alike():
    for case in (*checks._DICE_LOSS, *checks._UNET_SIZE, *checks._CROP):
        results = [str(np.asarray(one, float)) for one in (case.right, *case.mistakes.values())]
        assert len(set(results)) == len(results), case.call


def test_the_picture_of_sizes_is_the_network():
    down, up = ([int(text.get_text()) for text in axis.texts] for axis in checks.size_picture())
    assert (down[0], up[2]) == (60, rows_from(60, 2))
    assert down[3::3] + up[::3] == [56 // 2, 24 // 2, 2 * 12, 2 * 8]


@pytest.mark.parametrize("draw", [checks.dice_picture, checks.crop_picture])
def test_the_pictures_end_with_what_they_explain(draw):
    shown = [float(text.get_text()) for text in draw()[-1].texts]
    assert shown in ([0, 0.5, 0.5, 0], [8, 9, 14, 15, 20, 21])
