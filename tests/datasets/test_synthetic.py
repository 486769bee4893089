"""The three generators: one picture per seed, exact labels, no task that colour alone solves."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from segviz.datasets import synthetic
from segviz.datasets.synthetic import membranes, streets, touching_nuclei

GENERATORS = (streets, membranes, touching_nuclei)
VOID = 255
THINGS = (8, 9, 10)  # car, pedestrian, bicyclist
CAMVID_SHARES = (0.168, 0.233, 0.010, 0.317, 0.045, 0.097, 0.012, 0.011, 0.059, 0.006, 0.003)

sides = st.integers(32, 90)
seeds = st.integers(0, 2**70)


@pytest.fixture(scope="module")
def scenes():
    return [streets(1, (96, 128), seed)[0] for seed in range(20)]


@pytest.fixture(scope="module")
def sections():
    return membranes(4, (256, 256), seed=11)


def digest(sample):
    levels = (sample.image * 255).round().to(torch.uint8)
    parts = (levels, sample.mask, sample.instances)
    return hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest()


def components(region):
    return ndimage.label(region)[1]


# One seed, one picture -------------------------------------------------------------------------


@pytest.mark.parametrize("draw", GENERATORS)
def test_same_seed_same_picture_other_seed_another(draw):
    digests = [digest(draw(1, (64, 80), seed)[0]) for seed in (0, 0, 1, 2)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


@pytest.mark.parametrize("draw", GENERATORS)
def test_a_picture_does_not_depend_on_how_many_were_asked_for(draw):
    few, many = draw(2, (48, 40), 5), draw(4, (48, 40), 5)
    assert [digest(a) for a in few] == [digest(b) for b in many[:2]]
    assert [sample.name for sample in few] == [sample.name for sample in many[:2]]
    assert len({digest(sample) for sample in many}) == 4


# These hold on every machine for the locked versions of numpy and scipy: a machine that draws
# another picture would teach another lesson.
@pytest.mark.parametrize(
    ("draw", "start"),
    [(streets, "2baf2675a2e6"), (membranes, "1b8048d4b827"), (touching_nuclei, "51fb4581b558")],
)
def test_the_picture_is_the_same_on_every_machine(draw, start):
    assert digest(draw(1, (64, 96), seed=2024)[0]).startswith(start)


# What a sample is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "channels", "classes"), [(streets, 3, 11), (membranes, 1, 2), (touching_nuclei, 3, 2)]
)
@given(height=sides, width=sides, seed=seeds)
@settings(max_examples=12, deadline=None)
def test_any_size_gives_a_whole_sample(draw, channels, classes, height, width, seed):
    sample = draw(1, (height, width), seed)[0]
    assert sample.image.shape == (channels, height, width)
    assert sample.image.dtype == torch.float32
    levels = sample.image * 255
    assert torch.allclose(levels, levels.round(), atol=1e-4)
    assert 0 <= sample.image.min() <= sample.image.max() <= 1
    assert set(sample.mask.unique().tolist()) <= {*range(classes), VOID}
    things = torch.isin(sample.mask, torch.tensor(THINGS)) if classes == 11 else sample.mask == 1
    background = sample.instances == 0
    assert torch.equal(background, ~things if draw is not membranes else things)


def test_names_are_lists_and_numpy_ints_serve_as_ints():
    one = streets(np.int64(1), [np.int32(40), 50], seed=np.uint8(3))[0]
    assert digest(one) == digest(streets(1, (40, 50), 3)[0])
    assert sorted(synthetic.__all__) == ["membranes", "streets", "touching_nuclei", "volumes"]


# Streets ---------------------------------------------------------------------------------------


def test_every_class_occurs_in_about_the_share_that_it_has_in_camvid(scenes):
    counts = np.bincount(np.concatenate([s.mask.numpy().ravel() for s in scenes]), minlength=256)
    shares = counts[:11] / counts.sum()
    assert (counts[:11] > 0).all()
    ratio = shares / np.array(CAMVID_SHARES)
    assert ((ratio > 1 / 3) & (ratio < 3)).all(), dict(enumerate(ratio.round(2)))
    assert ((ratio[[0, 1, 3]] > 0.65) & (ratio[[0, 1, 3]] < 1.5)).all()


def test_each_object_has_one_class_and_numbers_do_not_repeat(scenes):
    for scene in scenes:
        for number in scene.instances.unique().tolist()[1:]:
            classes = scene.mask[scene.instances == number].unique()
            assert len(classes) == 1
            assert classes.item() in THINGS


def test_the_sky_is_above_the_road(scenes):
    for scene in scenes:
        sky, road = ((scene.mask == k).nonzero()[:, 0].double() for k in (0, 3))
        assert sky.mean() < road.mean()
        assert road.min() > 0.3 * scene.mask.shape[0]


def test_colour_alone_does_not_tell_the_classes_apart(scenes):
    def flat(part):
        colours = torch.cat([s.image.flatten(1).T for s in part])
        labels = torch.cat([s.mask.flatten() for s in part])
        return colours[labels < 11], labels[labels < 11]

    colours, labels = flat(scenes[:10])
    means = torch.stack([colours[labels == k].mean(0) for k in range(11)])
    colours, labels = flat(scenes[10:])
    guess = torch.cdist(colours, means).argmin(1)
    table = torch.bincount(11 * labels + guess, minlength=121).view(11, 11).double()
    overlap = table.diag() / (table.sum(0) + table.sum(1) - table.diag())
    assert overlap.mean() < 0.3


def test_seams_of_cars_and_trees_are_void_in_large_pictures():
    mask = streets(1, (180, 240), seed=0)[0].mask.numpy()
    for one, two in ((mask[:, :-1], mask[:, 1:]), (mask[:-1], mask[1:])):
        differs = (one != two) & (one != VOID) & (two != VOID)
        assert not (differs & np.isin(one, (5, 8))).any()
        assert not (differs & np.isin(two, (5, 8))).any()


# Membranes -------------------------------------------------------------------------------------


def best_threshold_iou(sample):
    grey, membrane = sample.image[0].numpy(), sample.mask.numpy() == 1
    below = [grey < level / 255 for level in range(20, 230, 4)]
    return max((dark & membrane).sum() / (dark | membrane).sum() for dark in below)


def test_every_profile_is_one_piece_and_membrane_lies_between_any_two(sections):
    for section in sections:
        numbers = section.instances.numpy()
        count = numbers.max()
        assert components(numbers > 0) == count > 20
        assert all(components(numbers == k) == 1 for k in range(1, count + 1))
        for one, two in ((numbers[:, :-1], numbers[:, 1:]), (numbers[:-1], numbers[1:])):
            assert not ((one != two) & (one > 0) & (two > 0)).any()
        assert np.bincount(numbers.ravel())[1:].min() >= 24


def test_membranes_take_the_share_of_real_sections(sections):
    shares = [(section.mask == 1).double().mean().item() for section in sections]
    assert all(0.12 < share < 0.36 for share in shares)
    assert 0.16 < np.mean(shares) < 0.28


def test_membranes_are_darker_yet_no_threshold_finds_them(sections):
    for section in sections:
        grey, membrane = section.image[0], section.mask == 1
        assert grey[membrane].mean() < grey[~membrane].mean() - 0.1
        assert 0.25 < best_threshold_iou(section) < 0.6


# Nuclei ----------------------------------------------------------------------------------------


def touching_pairs(numbers):
    pairs = set()
    for one, two in ((numbers[:, :-1], numbers[:, 1:]), (numbers[:-1], numbers[1:])):
        meets = (one != two) & (one > 0) & (two > 0)
        pairs |= {tuple(sorted(pair)) for pair in np.stack([one[meets], two[meets]], 1).tolist()}
    return pairs


def test_every_nucleus_is_one_piece_and_many_touch():
    touching = total = 0
    for sample in touching_nuclei(10, (160, 160), seed=3):
        numbers = sample.instances.numpy()
        assert np.array_equal(np.unique(numbers), np.arange(numbers.max() + 1))
        assert all(components(numbers == k) == 1 for k in range(1, numbers.max() + 1))
        assert 0.05 < (numbers > 0).mean() < 0.6
        touching += len(touching_pairs(numbers))
        total += numbers.max()
    assert touching > total / 3


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_both_styles_show_the_same_nuclei_in_opposite_tones(seed):
    light = touching_nuclei(1, (96, 96), seed)[0]
    stained = touching_nuclei(1, (96, 96), seed, style="stained")[0]
    assert torch.equal(light.instances, stained.instances)
    inside = light.mask == 1
    assert light.image[:, inside].mean() > 1.5 * light.image[:, ~inside].mean()
    assert stained.image[:, inside].mean() < stained.image[:, ~inside].mean()
    assert torch.equal(light.image[0], light.image[2])
    assert not torch.equal(stained.image[0], stained.image[2])


@pytest.mark.parametrize("style", ["Stained", "", None, 3, ["stained"]])
def test_an_unknown_style_is_refused(style):
    with pytest.raises(ValueError, match=r'style=.* Use "fluorescence" or "stained"'):
        touching_nuclei(1, (64, 64), 0, style=style)


# Bad requests ----------------------------------------------------------------------------------

not_ints = st.one_of(
    st.none(), st.booleans(), st.text(max_size=5), st.floats(), st.lists(st.integers(), max_size=1)
)
bad_sides = st.one_of(st.integers(max_value=31), st.integers(min_value=2**25))


@pytest.mark.parametrize("draw", GENERATORS)
@given(value=not_ints)
@settings(max_examples=20, deadline=None)
def test_what_is_no_whole_number_is_refused(draw, value):
    with pytest.raises(TypeError, match=r"n=.* must be a whole number\. Use"):
        draw(value, (64, 64), 0)
    with pytest.raises(TypeError, match=r"seed=.* must be a whole number\. Use"):
        draw(1, (64, 64), value)
    with pytest.raises(TypeError, match=r"size=.* must be a (whole number|pair)"):
        draw(1, (64, value), 0)
    with pytest.raises(TypeError, match=r"size=.* must be a pair"):
        draw(1, value, 0)


@pytest.mark.parametrize("draw", GENERATORS)
@given(few=st.integers(max_value=0), side=bad_sides, negative=st.integers(max_value=-1))
@settings(max_examples=20, deadline=None)
def test_what_is_out_of_range_is_refused(draw, few, side, negative):
    with pytest.raises(ValueError, match=r"n=.* must be at least 1.* Use n=4"):
        draw(few, (64, 64), 0)
    with pytest.raises(ValueError, match=r"size=.* Use \(height, width\) such as"):
        draw(1, (side, 64), 0)
    with pytest.raises(ValueError, match=r"seed=.* must not be negative.* Use seed=0"):
        draw(1, (64, 64), negative)


def test_messages_stay_short_for_absurd_numbers():
    with pytest.raises(ValueError, match="n=") as caught:
        streets(-(10**400), (64, 64), 0)
    assert len(str(caught.value)) < 160
