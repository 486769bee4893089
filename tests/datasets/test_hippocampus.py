"""Volumes: how NIfTI files become samples, what broken ones say, and what stands in for them."""

import gzip
import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel import Nifti1Image
from scipy import ndimage

from segviz.datasets import Sample, load, registry
from segviz.datasets.hippocampus import CLASSES, decode
from segviz.datasets.synthetic import volumes

FOLDER = "hippocampus/data/TrainingSet"


def nifti(values, spacing=(1.0, 1.0, 1.0)):
    """The bytes of a NIfTI file; compressed without a time, so that they are always the same."""
    affine = np.diag([*spacing, 1.0])
    return gzip.compress(Nifti1Image(np.asarray(values), affine).to_bytes(), mtime=0)


def ramp(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def label(*shape):
    return (np.arange(np.prod(shape)) % 3).astype(np.uint8).reshape(shape)


@pytest.fixture
def six_files(register):
    files = {}
    for n in range(4):
        shape = (3 + n, 4, 5)
        files[f"{FOLDER}/images/hippocampus_00{n}.nii.gz"] = nifti(ramp(*shape), (1.0, 2.0, 0.5))
        files[f"{FOLDER}/labels/hippocampus_00{n}.nii.gz"] = nifti(label(*shape))
    register("hippocampus", files, stand_in="volumes")
    return files


def test_files_become_volumes_with_their_spacing(six_files):
    samples = load("hippocampus", source="real")
    assert [one.name for one in samples] == [f"hippocampus_00{n}" for n in range(3)]
    assert [one.size for one in samples] == [(3, 4, 5), (4, 4, 5), (5, 4, 5)]
    one = samples[0]
    assert one.image.shape == (1, 3, 4, 5)
    assert one.image.dtype == torch.float32
    assert one.spacing == (1.0, 2.0, 0.5)
    assert torch.equal(one.mask, torch.arange(60).reshape(3, 4, 5) % 3)
    assert (samples.spacing, samples.spacing_unit) == ((1.0, 1.0, 1.0), "mm")
    assert [one.name for one in load("hippocampus", split="test")] == ["hippocampus_003"]


def test_a_volume_is_scaled_between_its_own_percentiles():
    """Of 0, 1, ... 1000 the percentiles 0.5 and 99.5 are 5 and 995."""
    values = np.arange(1001, dtype=np.float32).reshape(7, 11, 13)
    one = decode([nifti(values), nifti(np.zeros((7, 11, 13), np.uint8))])
    np.testing.assert_allclose(one.image.ravel()[[0, 5, 500, 995, 1000]], [0, 0, 0.5, 1, 1])
    again = decode([nifti(values * 12345), nifti(np.zeros((7, 11, 13), np.uint8))])
    np.testing.assert_allclose(again.image, one.image, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_labels_of_any_dtype_are_classes(dtype):
    labels = label(2, 3, 4)
    one = decode([nifti(ramp(2, 3, 4)), nifti(labels.astype(dtype))])
    assert one.mask.dtype == np.uint8
    assert np.array_equal(one.mask, labels)


def test_a_volume_of_one_value_is_dark_and_not_nan():
    one = decode([nifti(np.full((2, 2, 2), 7.0)), nifti(np.zeros((2, 2, 2), np.uint8))])
    assert (one.image == 0).all()


GOOD = nifti(ramp(2, 3, 4))
NOT_FINITE = ramp(2, 3, 4)
NOT_FINITE[0, 0, 0] = np.inf


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as a NIfTI volume"),
        (b"<html>", "cannot be read as a NIfTI volume"),
        (GOOD[:-40], "cannot be read as a NIfTI volume"),
        (gzip.compress(b"no header"), "cannot be read as a NIfTI volume"),
        (gzip.compress(gzip.decompress(GOOD)[:-8]), "cannot be read as a NIfTI volume"),
        (gzip.compress(b"\0" * 400), "cannot be read as a NIfTI volume"),
        (nifti(ramp(2, 3, 4, 2)), "must be a volume of three axes"),
        (nifti(ramp(6, 4)), "must be a volume of three axes"),
        (nifti(NOT_FINITE), "must be a volume of three axes"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_bad_files_say_what_is_wrong(content, words, place):
    contents = [nifti(ramp(2, 3, 4)), nifti(label(2, 3, 4))]
    contents[place] = content
    with pytest.raises(ValueError, match=rf"^the {('image', 'label')[place]} .*{words}.*again"):
        decode(contents)


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3, 5\) voxels, but its image \(2, 3, 4\)"):
        decode([nifti(ramp(2, 3, 4)), nifti(label(2, 3, 5))])
    with pytest.raises(ValueError, match="other values than 0, 1 and 2"):
        decode([nifti(ramp(2, 3, 4)), nifti(label(2, 3, 4) + 1)])
    with pytest.raises(ValueError, match="other values than 0, 1 and 2"):
        decode([nifti(ramp(2, 3, 4)), nifti(label(2, 3, 4) * 0.5)])


def test_volumes_are_not_resized():
    for source in ("real", "bundled"):
        with pytest.raises(ValueError, match=r"keep their size.*size=None"):
            load("hippocampus", source=source, size=64)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1.0, 0.0, 1.0), (1.0, -1.0, 1.0)])
def test_illegal_spacings(spacing):
    with pytest.raises(ValueError, match="must hold 3 positive distances"):
        Sample("a", torch.zeros(1, 2, 2, 2), spacing=spacing)


# --- stand-ins


def test_stand_ins_have_the_form_of_the_set(capsys):
    samples = load("hippocampus", split="test", source="bundled")
    assert "stand-in pictures" in capsys.readouterr().out
    assert (len(samples), samples.classes, samples.spacing_unit) == (32, CLASSES, "mm")
    assert len({one.size for one in samples[:6]}) > 1
    for one in samples[:6]:
        assert all(31 <= side <= 55 for side in one.size)
        assert one.spacing == (1.0, 1.0, 1.0)
        assert one.mask.unique().tolist() == [0, 1, 2]
        assert one.instances is None
    again = samples[0]
    again.image.zero_()
    assert samples[0].image.max() > 0.5


@given(size=st.tuples(*[st.integers(16, 40)] * 3), seed=st.integers(0, 2**70), n=st.integers(1, 2))
@settings(deadline=None, max_examples=25)
def test_any_volume_is_one_body_of_two_parts(size, seed, n):
    for one in volumes(n, size, seed):
        assert one.image.shape == (1, *size)
        levels = one.image.double() * 255
        assert torch.allclose(levels, levels.round(), atol=1e-4)
        assert one.mask.unique().tolist() == [0, 1, 2]
        assert ndimage.label(one.mask.numpy() > 0)[1] == 1
        assert torch.equal(one.instances == 1, one.mask > 0)


def test_a_seed_is_a_volume():
    few, many = volumes(1, (20, 24, 18), 3), volumes(2, (20, 24, 18), 3)
    assert torch.equal(few[0].image, many[0].image)
    assert not torch.equal(many[0].image, many[1].image)
    assert not torch.equal(few[0].image, volumes(1, (20, 24, 18), 4)[0].image)


def test_the_volume_is_the_same_on_every_machine():
    one = volumes(1, (24, 32, 20), 2024)[0]
    levels = (one.image * 255).round().byte().numpy().tobytes()
    found = hashlib.sha256(levels + one.mask.byte().numpy().tobytes()).hexdigest()
    assert found.startswith("cfefb5d2773f")


def test_the_body_is_as_large_as_a_real_one_and_has_the_brightness_of_what_surrounds_it():
    samples = volumes(12, seed=5)
    shares = [float((one.mask > 0).float().mean()) for one in samples]
    assert 0.035 < np.mean(shares) < 0.075
    for one in samples:
        body = one.image[0][one.mask > 0]
        low, high = body.quantile(0.1), body.quantile(0.9)
        alike = (one.image[0] >= low) & (one.image[0] <= high)
        # Most voxels of the body's brightness are not of the body.
        assert ((one.mask > 0) & alike).sum() < 0.5 * alike.sum()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"size": (15, 20, 20)}, "size"),
        ({"size": (20, 20)}, "size"),
        ({"size": (500, 500, 500)}, "voxels, which no volume here needs"),
        ({"size": "large"}, "size"),
        ({"n": 0}, "n=0"),
        ({"n": 1.5}, "n=1.5"),
        ({"seed": -1}, "seed"),
    ],
)
def test_illegal_requests(given, words):
    with pytest.raises((ValueError, TypeError), match=words):
        volumes(**{"n": 1, **given})


# --- the set itself


@pytest.mark.real_data
def test_the_real_volumes():
    train, test = (load("hippocampus", split=split, source="real") for split in ("train", "test"))
    assert (len(train), len(test)) == (96, 32)
    assert not {one.name for one in train} & {one.name for one in test}
    everything = [*train, *test]
    sizes = np.array([one.size for one in everything])
    assert sizes.min(0).tolist() == [31, 40, 24]
    assert sizes.max(0).tolist() == [42, 58, 47]
    assert {one.spacing for one in everything} == {(1.0, 1.0, 1.0)}
    background = np.mean([float((one.mask == 0).float().mean()) for one in everything])
    assert background == pytest.approx(0.947, abs=0.003)
    assert all(one.mask.unique().tolist() == [0, 1, 2] for one in everything)
    for one in everything:  # anterior lies in front: the second axis runs from back to front
        front, back = ((one.mask == k).nonzero()[:, 1].float().mean() for k in (1, 2))
        assert front > back


@pytest.mark.real_data
def test_every_label_has_its_image():
    paths = set(registry.dataset("hippocampus").files)
    images = {path for path in paths if "/images/" in path}
    assert {path.replace("/images/", "/labels/") for path in images} == paths - images
