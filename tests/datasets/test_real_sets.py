"""The sets themselves, against figures counted once by hand: runs where $SEGVIZ_DATA is set."""

import numpy as np
import pytest
import torch

from segviz.datasets import load, registry
from segviz.datasets.catalogue import all_sets

pytestmark = pytest.mark.real_data


def shares(samples):
    """Share of each class, and of void as the last one, of all pixels."""
    counts = sum(torch.bincount(one.mask.flatten(), minlength=256) for one in samples)
    known = counts[: len(samples.classes)]
    assert known.sum() + counts[255] == counts.sum()
    return (torch.cat([known, counts[255:]]) / counts.sum()).numpy()


@pytest.mark.parametrize("name", list(all_sets()))
def test_the_local_folder_is_whole(name):
    checked = registry.verify(name)
    assert not checked.damaged
    assert not checked.missing
    assert len(checked.good) == len(registry.dataset(name).files)


def test_camvid():
    counts = {
        split: len(load("camvid", split=split, source="real")) for split in ("train", "val", "test")
    }
    assert counts == {"train": 92, "val": 21, "test": 42}
    train = load("camvid", source="real")
    assert {tuple(one.image.shape) for one in train} == {(3, 360, 480)}
    # Shares of the whole train split; every fourth of its pictures is here.
    whole = [0.168, 0.233, 0.010, 0.317, 0.045, 0.097, 0.012, 0.011, 0.059, 0.006, 0.003, 0.040]
    np.testing.assert_allclose(shares(train), whole, atol=0.004)


def test_em_isbi2012():
    train, test = (load("em_isbi2012", split=split, source="real") for split in ("train", "test"))
    assert (len(train), len(test)) == (18, 6)
    assert {tuple(one.image.shape) for one in train} == {(1, 512, 512)}
    for one in (*train, *test):
        assert torch.equal(one.instances == 0, one.mask == 1)
    assert 0.15 < shares(train)[1] < 0.28


def test_em_vnc():
    train, test = (load("em_vnc", split=split, source="real") for split in ("train", "test"))
    assert (len(train), len(test)) == (6, 2)
    for one in (*train, *test):
        assert one.image.shape == (1, 1024, 1024)
        assert set(one.extras["codes"].unique().tolist()) <= {
            0,
            32,
            64,
            96,
            128,
            159,
            191,
            223,
            255,
        }
        assert torch.equal(one.mask == 1, one.extras["codes"] <= 128)
        # Membranes are dark.
        assert one.image[0][one.mask == 1].mean() < one.image[0][one.mask == 0].mean() - 0.1


def test_nuclei_dsb2018():
    train, test = (
        load("nuclei_dsb2018", split=split, source="real") for split in ("train", "test")
    )
    assert (len(train), len(test)) == (30, 10)
    assert not {one.name for one in train} & {one.name for one in test}
    sizes = [one.size for one in (*train, *test)]
    assert {size: sizes.count(size) for size in sizes} == {
        (256, 256): 16,
        (360, 360): 12,
        (256, 320): 12,
    }
    # Every type of picture is in both splits, three to one.
    assert (
        sorted(one.size for one in test) == [(256, 256)] * 4 + [(256, 320)] * 3 + [(360, 360)] * 3
    )
    numbers = [one.instances.unique() for one in (*train, *test)]
    assert sum(int(found[-1]) for found in numbers) == 849
    assert all(torch.equal(found, torch.arange(len(found))) for found in numbers)


@pytest.mark.parametrize(
    ("name", "split"),
    [("camvid", "val"), ("em_isbi2012", "test"), ("em_vnc", "test"), ("nuclei_dsb2018", "test")],
)
def test_real_pictures_and_stand_ins_have_the_same_form(name, split):
    real = load(name, split=split, source="real")
    drawn = load(name, split=split, source="bundled", size=64)
    assert (real.classes, len(real)) == (drawn.classes, len(drawn))
    assert np.array_equal(real.palette, drawn.palette)
    for one, other in zip(real[:2], drawn[:2], strict=True):
        for key in ("image", "mask", "instances"):
            a, b = getattr(one, key), getattr(other, key)
            assert (a is None) == (b is None)
            assert a is None or (a.dtype, a.ndim, a.is_contiguous()) == (b.dtype, b.ndim, True)
        assert len(one.image) == len(other.image)
