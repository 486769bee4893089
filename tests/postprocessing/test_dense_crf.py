"""The dense CRF against sums that are written out pixel by pixel, and the lattice against those."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from segviz import datasets
from segviz.datasets.synthetic import streets
from segviz.postprocessing import _mean_field, dense_crf, dense_crf_steps
from segviz.postprocessing._mean_field import MOST_KEPT, MeanField, _softmax
from segviz.postprocessing._messages import (
    LatticeKernel,
    exact_message,
    pair_sums,
    position_sums,
)
from segviz.postprocessing._near_pairs import MOST_PAIRS, near_pairs
from segviz.postprocessing._permutohedral import Lattice
from segviz.training import load_checkpoint

SETTINGS = {
    "appearance_weight": 2.0,
    "position_sigma": 3.0,
    "colour_sigma": 40.0,
    "smoothness_weight": 1.0,
    "smoothness_sigma": 1.5,
}


def problem(size, classes, seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(classes, *size))
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=0)
    return probabilities, rng.random((3, *size))


def by_hand(probabilities, image, iterations, normalization):
    """Equations 2 and 3 of the DeepLab paper, one pair of pixels at a time."""
    _, rows, columns = probabilities.shape
    pixels = [(r, c) for r in range(rows) for c in range(columns)]
    q = {pixel: probabilities[:, *pixel].copy() for pixel in pixels}

    def kernels(i, j):
        apart = (i[0] - j[0]) ** 2 + (i[1] - j[1]) ** 2
        colour = (255**2 * (image[:, *i] - image[:, *j]) ** 2).sum()
        alike = apart / SETTINGS["position_sigma"] ** 2 + colour / SETTINGS["colour_sigma"] ** 2
        return np.exp([-alike / 2, -apart / SETTINGS["smoothness_sigma"] ** 2 / 2])

    sums = {i: sum(kernels(i, j) for j in pixels) for i in pixels}
    weights = np.array([SETTINGS["appearance_weight"], SETTINGS["smoothness_weight"]])
    for _ in range(iterations):
        new = {}
        for i in pixels:
            scores = np.log(probabilities[:, *i])
            for j in pixels:
                k = kernels(i, j) * weights
                divisor = {"none": 1, "after": sums[i], "symmetric": np.sqrt(sums[i] * sums[j])}
                scores = scores + (k / divisor[normalization]).sum() * q[j]
            new[i] = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        q = new
    return np.stack([q[pixel] for pixel in pixels], axis=1).reshape(probabilities.shape)


@pytest.mark.parametrize("normalization", ["after", "symmetric", "none"])
def test_exact_is_the_formula_pair_by_pair(normalization):
    probabilities, image = problem((3, 5), 3, seed=1)
    expected = by_hand(probabilities, image, 2, normalization)
    given = dense_crf(
        probabilities, image, iterations=2, method="exact", normalization=normalization, **SETTINGS
    )
    np.testing.assert_allclose(given, expected, atol=2e-5)


@pytest.mark.parametrize("colour_sigma", [3, 0.3, 0.05, 0.001])
def test_exact_is_so_for_small_sigmas_too(monkeypatch, colour_sigma):
    """Of four grey levels; squares of distances are up to 10 ** 11, and those that count are 0."""
    monkeypatch.setitem(SETTINGS, "colour_sigma", colour_sigma)
    probabilities, image = problem((4, 6), 3, seed=1)
    image = np.float32(np.rint(3 * image) / 3)
    expected = by_hand(probabilities, image, 2, "after")
    given = dense_crf(probabilities, image, iterations=2, method="exact", **SETTINGS)
    np.testing.assert_allclose(given, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("method", "normalization", "share"),
    [
        ("lattice", "after", 0.06),
        ("lattice", "symmetric", 0.06),
        ("lattice", "none", 0.1),
        ("fine", "after", 0.001),
        ("fine", "symmetric", 0.001),
        ("fine", "none", 0.001),
    ],
)
def test_the_lattice_is_off_by_a_small_share_of_what_the_crf_changes(method, normalization, share):
    probabilities, image = problem((16, 16), 3, seed=2)
    image = ndimage.gaussian_filter(image, (0, 2, 2))
    weights = {"appearance_weight": 0.2, "smoothness_weight": 0.1}
    options = {"iterations": 1, "normalization": normalization, **SETTINGS}
    options |= weights if normalization == "none" else {}
    exact = dense_crf(probabilities, image, method="exact", **options)
    near = dense_crf(probabilities, image, method=method, **options)
    assert np.abs(near - exact).mean() < share * np.abs(probabilities - exact).mean()


def blurred_truth(size, seed):
    """A street, and what a network that sees it through a blur and some noise says of it."""
    (street,) = streets(1, size, seed)
    truth = np.stack([street.mask.numpy() == label for label in range(11)]).astype(float)
    noise = np.random.default_rng(seed).normal(size=truth.shape)
    scores = 8 * ndimage.gaussian_filter(truth, (0, 3, 3))
    scores += 3 * ndimage.gaussian_filter(noise, (0, 2, 2))
    return np.exp(scores) / np.exp(scores).sum(axis=0), street.image


def other_labels(method, given, **settings):
    """The share of labels that are not those of the sums over all pairs, and what these changed."""
    exact, near = (
        dense_crf(*given, iterations=5, method=one, **settings).argmax(axis=0)
        for one in ("exact", method)
    )
    return (near != exact).mean(), (exact != given[0].argmax(axis=0)).mean()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "settings",
    [{}, {"position_sigma": 33, "colour_sigma": 10}, {"normalization": "symmetric"}],
    ids=str,
)
def test_labels_are_those_of_the_exact_sums_to_one_in_a_thousand(settings, seed):
    differ, moved = other_labels("auto", blurred_truth((48, 64), seed), **settings)
    assert moved > 0.02
    assert differ <= 0.001


def test_labels_on_the_lattice_are_nearly_those_of_the_exact_sums():
    assert other_labels("lattice", blurred_truth((48, 64), 0))[0] < 0.005


@pytest.mark.real_data
@pytest.mark.parametrize("colour_sigma", [3, 10])
def test_labels_on_real_streets_are_those_of_the_exact_sums(colour_sigma):
    street = datasets.load("camvid", split="test", source="real")[0]
    network = load_checkpoint("camvid_fcn8s", source="real").model
    with torch.no_grad():
        soft = network(street.image[None])[0].softmax(0)
    window = np.s_[:, 64:128, 80:176]
    given = soft[window].numpy(), street.image[window]
    differ, moved = other_labels("auto", given, colour_sigma=colour_sigma)
    assert moved > 0.05
    assert differ <= 0.001
    assert other_labels("lattice", given, colour_sigma=colour_sigma)[0] <= 0.003


def test_auto_is_fine_for_small_pictures_and_the_lattice_for_large_ones(monkeypatch):
    given = blurred_truth((32, 40), 1)
    ways = {way: dense_crf(*given, method=way) for way in ("auto", "fine", "lattice")}
    assert np.array_equal(ways["auto"], ways["fine"])
    assert not np.array_equal(ways["auto"], ways["lattice"])
    monkeypatch.setattr(_mean_field, "LARGEST_EXACT", 32 * 40 - 1)
    assert np.array_equal(dense_crf(*given), dense_crf(*given, method="lattice"))


@pytest.mark.parametrize("size", [(7, 5), (1, 6)])
def test_a_gaussian_along_rows_and_columns_sums_over_all_pairs(size):
    values = np.random.default_rng(0).random((size[0] * size[1], 3), dtype=np.float32)
    place = np.indices(size, dtype=np.float32).reshape(2, -1).T
    sums = pair_sums(place / 1.5, values)
    pairs = np.exp(-((place[:, None] - place) ** 2).sum(axis=2) / 2 / 1.5**2) @ values
    np.testing.assert_allclose(sums, pairs, rtol=1e-5)
    np.testing.assert_allclose(position_sums(size, 1.5)(values), pairs, rtol=1e-5)
    far = pair_sums(place / 0.5, values)  # so narrow that the picture is wider than it reaches
    np.testing.assert_allclose(position_sums(size, 0.5)(values), far, rtol=1e-5)
    some = np.array([4, 2])
    np.testing.assert_allclose(pair_sums(place / 1.5, values, some, some=1), sums[some], rtol=1e-6)


@pytest.mark.parametrize("smoothness_sigma", [1.5, 3])
def test_a_large_picture_sums_over_positions_alone_too(monkeypatch, smoothness_sigma):
    """Exactly where the sigma is small, on a lattice of its own where it is not."""
    given = blurred_truth((32, 40), 2)
    options = {"smoothness_sigma": smoothness_sigma, "appearance_weight": 0}
    exact = dense_crf(*given, method="exact", **options)
    monkeypatch.setattr(_mean_field, "LARGEST_EXACT", 32 * 40 - 1)
    found = dense_crf(*given, **options)
    if smoothness_sigma <= _mean_field.LARGEST_SIGMA:
        np.testing.assert_array_equal(found, exact)
    else:
        assert 0 < np.abs(found - exact).max() < 0.05
        assert (found.argmax(axis=0) != exact.argmax(axis=0)).mean() < 0.002


@pytest.mark.parametrize("method", ["auto", "lattice", "exact"])
def test_one_class_stays_alone(method):
    given = np.ones((1, 4, 5)), np.random.default_rng(0).random((3, 4, 5))
    np.testing.assert_allclose(dense_crf(*given, method=method), 1)


@pytest.mark.parametrize("sigma", [1.0, 3.0])
def test_a_constant_is_counted_as_often_as_a_gaussian_counts_it(sigma):
    place = np.indices((48, 48), dtype=np.float32).reshape(2, -1).T
    lattice = Lattice.of(place / np.float32(sigma))
    message = LatticeKernel.of(lattice, "none").message(1.0)
    sums = message(np.ones((48 * 48, 1), np.float32)).reshape(48, 48)[20:28, 20:28]
    assert sums.mean() == pytest.approx(2 * np.pi * sigma**2, rel=0.002)


@pytest.mark.parametrize("normalization", ["after", "symmetric", "none"])
@pytest.mark.parametrize("size", [(7, 5), (13, 11)])
def test_near_pairs_are_all_that_count(size, normalization):
    """But for those of weight below 1 / 200, of which a point has no more than pixels."""
    pixels = size[0] * size[1]
    rng = np.random.default_rng(3)
    features = 2 * rng.normal(size=(pixels, 5)).astype(np.float32)
    values = rng.random((pixels, 3), dtype=np.float32)
    weights = np.exp(-((features[:, None] - features) ** 2).sum(axis=2) / 2)
    assert (weights < 1 / 200).any()
    weights[weights < 1 / 200] = 0
    sums = weights.sum(axis=1)
    divisors = {"after": sums[:, None], "symmetric": np.sqrt(sums[:, None] * sums), "none": 1}
    sums = near_pairs(features).__matmul__
    heard = exact_message(sums, pixels, 1.5, normalization)(values)
    np.testing.assert_allclose(heard, 1.5 * weights / divisors[normalization] @ values, rtol=1e-5)


def test_many_pairs_are_left_to_the_lattice():
    assert near_pairs(np.zeros((MOST_PAIRS + 1, 2), np.float32)) is None
    given = blurred_truth((32, 40), 1)
    field = MeanField(*given)
    names = ("appearance_weight", "position_sigma", "smoothness_weight", "smoothness_sigma")
    options = dict(zip(names, (4.0, 17.0, 3.0, 1.0), strict=True))

    def last(colour_sigma, few_pairs):
        *_, found = field.steps(
            5, **options, colour_sigma=colour_sigma, method="lattice", few_pairs=few_pairs
        )
        return found

    assert np.array_equal(last(200.0, True), last(200.0, False))
    exact = dense_crf(*given, iterations=5, method="exact", **options, colour_sigma=3)
    errors = [np.abs(last(3.0, near) - exact).mean() for near in (True, False)]
    assert errors[0] < errors[1] / 3


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 5), st.integers(0, 1000))
def test_shares_are_barycentric(dimensions, seed):
    features = np.random.default_rng(seed).normal(size=(50, dimensions)).astype(np.float32) * 5
    lattice = Lattice.of(features)
    np.testing.assert_allclose(lattice.shares.sum(axis=1), 1, atol=1e-4)
    assert lattice.shares.min() > -1e-4
    assert (np.diff(np.sort(lattice.corners, axis=1), axis=1) > 0).all()
    for before, after in zip(lattice.previous, lattice.next, strict=True):
        there = np.flatnonzero(after >= 0)
        np.testing.assert_array_equal(before[after[there]], there)


def test_steps_begin_with_what_was_given_and_end_with_the_answer():
    probabilities, image = problem((6, 7), 2, seed=3)
    steps = list(dense_crf_steps(probabilities, image, iterations=3))
    assert len(steps) == 4
    np.testing.assert_allclose(steps[0], probabilities, atol=1e-6)
    np.testing.assert_array_equal(steps[-1], dense_crf(probabilities, image, iterations=3))


def test_a_class_that_is_ruled_out_stays_out():
    probabilities, image = problem((8, 8), 3, seed=4)
    probabilities[2] = 0
    probabilities /= probabilities.sum(axis=0)
    assert dense_crf(probabilities, image)[2].max() < 1e-6


GOOD = problem((4, 4), 2, seed=5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"probabilities": GOOD[0][:, :3]}, "Resize the probabilities"),
        ({"probabilities": GOOD[0] * 2}, "Take the softmax"),
        ({"probabilities": -GOOD[0]}, "Take the softmax"),
        ({"probabilities": GOOD[0][0]}, "give \\(channels, H, W\\)"),
        ({"image": GOOD[1] * 255}, "Divide grey levels by 255"),
        ({"image": GOOD[1] * np.nan}, "finite"),
        ({"image": np.zeros((0, 4, 4))}, "none of them 0"),
        ({"iterations": -1}, "iterations"),
        ({"colour_sigma": 0}, "above 0"),
        ({"colour_sigma": 1e-6}, "at least 0.001: it counts pixels or grey levels"),
        ({"position_sigma": 1e-10}, "at least 0.001"),
        ({"smoothness_weight": -1}, "at least 0"),
        ({"normalization": "before"}, "Use after or symmetric or none"),
        ({"method": "c++"}, "Use auto or lattice or fine or exact"),
        ({"method": np.array(["fine", "exact"])}, "Use auto or lattice or fine or exact"),
    ],
)
def test_what_is_not_legal_is_said(changes, words):
    given = {"probabilities": GOOD[0], "image": GOOD[1], **changes}
    with pytest.raises(ValueError, match=words):
        dense_crf(**given)


@pytest.mark.parametrize("method", ["lattice", "fine"])
@pytest.mark.parametrize("small", [{"colour_sigma": 0.01}, {"position_sigma": 0.002}])
def test_a_sigma_too_small_for_the_lattice_is_named(monkeypatch, method, small):
    ((name, value),) = small.items()
    words = rf"^{name}={value} is so small .* Use a larger one"
    with pytest.raises(ValueError, match=rf"{words}, or method='exact'\.$"):
        dense_crf(*GOOD, method=method, **small)
    monkeypatch.setattr(_mean_field, "LARGEST_EXACT", 4 * 4 - 1)
    for one in (method, "auto"):
        with pytest.raises(ValueError, match=rf"{words}\.$"):
            dense_crf(*GOOD, method=one, **small)


@pytest.mark.parametrize("small", [{"colour_sigma": 0.01}, {"position_sigma": 0.002}])
def test_auto_is_exact_where_the_lattice_has_too_many_corners(small):
    exact = dense_crf(*GOOD, method="exact", **small)
    assert np.array_equal(dense_crf(*GOOD, **small), exact)
    field = MeanField(*GOOD)  # and so again, and with sigmas that have a lattice in between
    for changed in (small, {}, small):
        *_, found = field.steps(10, **SETTINGS | changed)
        assert np.array_equal(found, dense_crf(*GOOD, **SETTINGS | changed))


def test_a_picture_of_many_channels_has_no_lattice(monkeypatch):
    many = np.random.default_rng(0).random((5, 4, 4))
    words = r"image has 5 channels.* Use at most 4 of them, or method='exact'\."
    with pytest.raises(ValueError, match=words):
        dense_crf(GOOD[0], many, method="lattice", colour_sigma=1e6)
    assert np.array_equal(dense_crf(GOOD[0], many), dense_crf(GOOD[0], many, method="exact"))
    dense_crf(GOOD[0], many[:4], method="lattice", colour_sigma=100)


def test_an_unknown_setting_is_said_of_the_function_that_got_it():
    with pytest.raises(
        TypeError, match=r"^sigma=3 is no setting of dense_crf\. Use iterations, .*"
    ):
        dense_crf(*GOOD, sigma=3)


@pytest.mark.parametrize("name", ["probabilities", "image"])
def test_tensors_that_numpy_cannot_read(name):
    given = {"probabilities": torch.from_numpy(GOOD[0]), "image": torch.from_numpy(GOOD[1])}
    for tensor, words in (
        (given[name].bfloat16(), r"Tensor of torch\.bfloat16 on cpu.*\.float\(\)"),
        (given[name].to("meta"), r"on meta.*\.cpu\(\)"),
        (given[name].clone().requires_grad_(), r"\.detach\(\)"),
    ):
        with pytest.raises(TypeError, match=f"{name} must be numbers.*{words}"):
            dense_crf(**given | {name: tensor})


@pytest.mark.parametrize("change", [{"image": "cat"}, {"colour_sigma": "3"}, {"iterations": 2.5}])
def test_what_is_no_number_is_said(change):
    with pytest.raises(TypeError, match="must be"):
        dense_crf(**{"probabilities": GOOD[0], "image": GOOD[1], **change})


def test_exact_refuses_a_large_picture():
    large = np.full((2, 129, 129), 0.5)
    with pytest.raises(ValueError, match="Use method='fine'"):
        dense_crf(large, np.zeros((3, 129, 129)), method="exact")


@pytest.mark.parametrize("classes", [2, 11, 15, 16, 21])
def test_softmax_of_few_and_of_many_classes(classes):
    scores = np.random.default_rng(0).normal(size=(50, classes)).astype(np.float32) * 30
    before = scores.copy()
    powers = np.exp(scores.astype(float) - scores.max(axis=1, keepdims=True))
    assert np.allclose(_softmax(scores), powers / powers.sum(axis=1, keepdims=True), atol=1e-6)
    assert np.array_equal(scores, before)


def test_kept_lattices_give_what_new_ones_give():
    """Settings one after another on one picture, each against a start from nothing."""
    given = problem((9, 12), 4, seed=3)
    kept = MeanField(*given)
    for n in range(3 * MOST_KEPT):
        changed = {"smoothness_sigma": 1.0 + n % 2, "colour_sigma": 5.0 + n % (MOST_KEPT + 3)}
        options = (
            SETTINGS | changed | {"appearance_weight": n % 4, "method": ("lattice", "fine")[n % 2]}
        )
        *_, found = kept.steps(3, **options)
        assert np.array_equal(found, dense_crf(*given, iterations=3, **options))
