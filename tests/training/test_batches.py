"""How batches are drawn: picture and mask always the same part, in the same position."""

import pytest
import torch

from segviz.datasets import Sample, Samples
from segviz.training._batches import (
    Pictures,
    bent,
    gain_and_offset,
    read_pictures,
    scaled_parts,
    turned_tiles,
    whole_pictures,
)
from segviz.training.hippo_vnet import BOX, boxed


@pytest.fixture
def pictures():
    """Pictures whose grey value says the class: mask = 10 * image."""
    masks = torch.randint(0, 10, (3, 40, 48), generator=torch.Generator().manual_seed(0))
    return Pictures(masks[:, None] / 10, masks)


def generator():
    return torch.Generator().manual_seed(1)


def agree(images, masks):
    return torch.equal((images[:, 0] * 10).round().long(), masks)


@pytest.mark.parametrize(
    ("draw", "size"),
    [
        (lambda p: whole_pictures(p, 6), (40, 48)),
        (lambda p: turned_tiles(p, 6, 32), (32, 32)),
        (lambda p: scaled_parts(p, 6, (32, 32), (1.0, 1.0)), (32, 32)),
    ],
)
def test_image_and_mask_stay_together(pictures, draw, size):
    next_batch, chance = draw(pictures), generator()
    batches = [next_batch(chance) for _ in range(2)]
    for images, masks in batches:
        assert images.shape == (6, 1, *size)
        assert masks.dtype is torch.int64
        assert agree(images, masks)
    assert not torch.equal(batches[0][1], batches[1][1])
    assert torch.equal(draw(pictures)(generator())[0], batches[0][0])


def test_tiles_come_in_all_eight_positions():
    corner = torch.zeros(1, 1, 8, 8)
    corner[..., 0, 1] = 1
    draw, chance = turned_tiles(Pictures(corner, corner[:, 0].long()), 100, 8), generator()
    assert len(set(draw(chance)[1].flatten(1).argmax(1).tolist())) == 8


def test_outside_a_picture_is_void(pictures):
    images, masks = scaled_parts(pictures, 4, (60, 60), (0.5, 0.5))(generator())
    assert (masks == 255).sum() == 4 * (60 * 60 - 20 * 24)
    assert (images[:, 0][masks == 255] == 0.5).all()


@pytest.mark.parametrize("shape", [(24, 32), (12, 16, 20)])
def test_bending_by_nothing_changes_nothing(shape):
    mask = torch.randint(0, 3, shape, generator=generator())
    image, picked = bent(mask[None] / 10, mask, 2 + (len(shape) == 2), 0.0, generator())
    assert torch.equal(picked, mask)
    assert torch.allclose(image[0], mask / 10, atol=1e-5)


@pytest.mark.parametrize("shape", [(40, 50), (16, 24, 20)])
def test_bending_moves_both_alike_and_mixes_no_labels(shape):
    mask = torch.zeros(shape, dtype=torch.int64)
    mask[..., shape[-1] // 2 :] = 2
    image, picked = bent(mask[None] / 2, mask, 3 if len(shape) == 2 else 2, 3.0, generator())
    assert set(picked.unique().tolist()) == {0, 2}
    assert not torch.equal(picked, mask)
    sure = (image[0] < 0.01) | (image[0] > 0.99)
    assert sure.float().mean() > 0.8
    assert torch.equal((image[0][sure] > 0.5).long() * 2, picked[sure])


def test_gain_and_offset_stay_in_range():
    image = torch.linspace(0, 1, 100).reshape(1, 10, 10)
    shaded = gain_and_offset(image, generator())
    assert 0 <= shaded.min() < shaded.max() <= 1
    assert (shaded.flatten().diff() >= 0).all()
    assert not torch.allclose(shaded, image)


def test_pictures_are_read_once():
    sample = Sample("a", torch.rand(1, 8, 8), mask=torch.zeros(8, 8, dtype=torch.int64))
    read = read_pictures(Samples([lambda: sample] * 2, name="two", classes=("one",)), False)
    assert read.images.shape == (2, 1, 8, 8)
    assert read.masks.shape == (2, 8, 8)


@pytest.mark.parametrize("shape", [(31, 40, 24), (48, 64, 48), (51, 70, 49)])
def test_boxes_hold_the_middle_of_a_volume(shape):
    volume = torch.zeros(shape)
    volume[tuple(n // 2 for n in shape)] = 1
    held = boxed(volume)
    assert held.shape == BOX
    assert held.sum() == 1
    middle = held.nonzero()[0]
    assert all(abs(int(at) - n // 2) <= 1 for at, n in zip(middle, BOX, strict=True))
