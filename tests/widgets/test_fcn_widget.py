"""The ladder against torch, its verdicts and scores against plain loops, its words."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from segviz.models import FCNLadder as Network
from segviz.widgets import FCNLadder
from segviz.widgets._fcn_input import liveliest
from segviz.widgets._fcn_rungs import climb, verdicts

CLASSES = ("sky", "road", "car")


def _scores(size, strides, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    coarsest = max(strides)
    rows, columns = (-(-n // coarsest) * coarsest for n in size)
    return {
        s: 5 * rng.standard_normal((classes, rows // s, columns // s)).astype(np.float32)
        for s in strides
    }


def _in_torch(maps, size):
    """The scores at every pixel, summed from the coarsest to the finest."""
    total, before = None, 0
    for stride in sorted(maps, reverse=True):
        here = torch.as_tensor(maps[stride])[None]
        if total is not None:
            scale = before // stride
            here = here + F.interpolate(total, scale_factor=scale, mode="bilinear")
        total, before = here, stride
    seen = F.interpolate(total, scale_factor=before, mode="bilinear") if before > 1 else total
    return seen[0, :, : size[0], : size[1]]


def _assert_decides(class_map, seen):
    """The class with the largest score wins, where rounding does not decide."""
    best, second = seen.topk(2, dim=0).values
    clear = (best - second > 1e-3).numpy()
    assert clear.mean() > 0.8
    assert np.array_equal(class_map[clear], seen.argmax(0).numpy()[clear])


sizes = st.tuples(st.integers(1, 70), st.integers(1, 70))
ladders = st.sampled_from([(32,), (32, 16), (32, 16, 8), (16, 8, 4), (8, 2, 1), (32, 8)])


@settings(deadline=None, max_examples=25)
@given(sizes, ladders, st.integers(0, 99))
def test_rungs_are_what_torch_adds_up(size, strides, seed):
    scores = _scores(size, strides, seed=seed)
    rungs = climb(scores, size)
    assert [rung.stride for rung in rungs] == list(strides)
    for place, rung in enumerate(rungs):
        maps = {s: scores[s] for s in strides[: place + 1]}
        _assert_decides(rung.class_map, _in_torch(maps, size))
        if rung.carried is not None:
            assert np.allclose(rung.carried + rung.skip, rung.total)


def test_rungs_of_networks_are_what_the_networks_answer():
    image = torch.rand(1, 3, 50, 70, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    networks = {s: Network(num_classes=3, finest_stride=s).eval() for s in (32, 16, 8)}
    scores = {s: network.scores(image) for s, network in networks.items()}
    widget = FCNLadder(image[0], scores, classes=CLASSES)
    for stride, network in networks.items():
        widget.finest_stride = stride
        with torch.no_grad():
            _assert_decides(widget.class_map, network(image)[0])


def test_single_network_gives_its_sums_so_far():
    scores = _scores((40, 64), (32, 16))
    alone = FCNLadder(np.zeros((40, 64)), scores, classes=CLASSES, finest_stride=16)
    nested = {32: {32: scores[32]}, 16: scores}
    several = FCNLadder(np.zeros((40, 64)), nested, classes=CLASSES, finest_stride=16)
    assert np.array_equal(alone.class_map, several.class_map)


@pytest.fixture
def street():
    """A picture with everything: three rungs, a truth with void, a size that 32 does not divide."""
    size, rng = (40, 70), np.random.default_rng(1)
    truth = np.kron(rng.integers(0, 3, (4, 7)), np.ones((10, 10), int))
    truth[3:6, 8:20] = 255
    return rng.random((3, *size)), _scores(size, (32, 16, 8), seed=1), truth


@pytest.fixture
def widget(street):
    picture, scores, truth = street
    return FCNLadder(picture, scores, truth=truth, classes=CLASSES)


def _verdict(place, before, now, true):
    if true == 255:
        return 255
    if place == 0 or before == now:
        return 0 if now == true else 1
    if now == true:
        return 2
    return 3 if before == true else 4


def test_verdicts_pixel_by_pixel(street):
    picture, scores, truth = street
    rungs = climb(scores, picture.shape[1:])
    found = verdicts(rungs, truth)
    assert set(np.unique(found)) == {0, 1, 2, 3, 4, 255}
    for place, row, column in np.ndindex(found.shape):
        now = rungs[place].class_map[row, column]
        before = rungs[max(place - 1, 0)].class_map[row, column]
        assert found[place, row, column] == _verdict(place, before, now, truth[row, column])


def test_verdicts_without_truth_say_only_what_changed(street):
    picture, scores, _ = street
    rungs = climb(scores, picture.shape[1:])
    found = verdicts(rungs, None)
    assert not found[0].any()
    changed = rungs[2].class_map != rungs[1].class_map
    assert np.array_equal(found[2], np.where(changed, 4, 0))


def test_table_holds_the_share_changed_and_both_scores(street, widget):
    picture, scores, truth = street
    rungs = climb(scores, picture.shape[1:])
    for place, (row, rung) in enumerate(zip(widget.table, rungs, strict=True)):
        before = rungs[max(place - 1, 0)]
        assert row["changed"] == np.mean(rung.class_map != before.class_map)
        assert row["size"] == [64 // rung.stride, 96 // rung.stride]
        known = truth != 255
        ious = []
        for k in range(3):
            ours, theirs = (rung.class_map == k) & known, truth == k
            ious.append((ours & theirs).sum() / (ours | theirs).sum())
        assert row["mean_iou"] == pytest.approx(np.mean(ious))
        assert 0 <= row["boundary_f1"] <= 1
    assert widget.trace["mean_iou"] == widget.table[0]["mean_iou"]


def test_perfect_scores_are_recognised():
    truth = np.kron([[0, 1], [2, 0]], np.ones((8, 8), int))
    scores = {1: np.eye(3)[truth].transpose(2, 0, 1)}
    [row] = FCNLadder(np.zeros((16, 16)), scores, truth=truth, classes=CLASSES).table
    assert (row["mean_iou"], row["boundary_f1"]) == (1, 1)


def _unpacked(packed):
    return np.frombuffer(packed["data"], packed["dtype"]).reshape(packed["shape"])


def test_what_is_sent_is_what_was_computed(street, widget):
    picture, scores, truth = street
    rungs = climb(scores, picture.shape[1:])
    scene = widget._scene
    shown = _unpacked(scene["picture"])
    assert np.abs(shown / 255 - picture.transpose(1, 2, 0)).max() <= 0.5 / 255 + 1e-9
    assert np.array_equal(_unpacked(scene["class_maps"]), [rung.class_map for rung in rungs])
    assert np.array_equal(_unpacked(scene["truth"]), truth)
    limits = np.array(scene["limits"])[:, None, None]
    for place, rung in enumerate(rungs):
        for part in ("skip", "carried", "total"):
            values = getattr(rung, part)
            assert (values is None) == (f"{part}{place}" not in scene)
            if values is not None:
                levels = _unpacked(scene[f"{part}{place}"]).astype(float) - 128
                assert np.abs(levels / 127 * limits - values).max() <= 0.51 / 127 * limits.max()


def test_tables_colour_what_they_name_and_leave_void_clear(widget):
    tables = {
        name: _unpacked(widget._scene[f"{name}_table"]) for name in ("class", "changed", "mistakes")
    }
    assert all(not table[255, 3] for table in tables.values())
    assert np.flatnonzero(tables["class"][:, 3]).tolist() == [0, 1, 2]
    assert np.flatnonzero(tables["changed"][:, 3]).tolist() == [2, 3, 4]
    assert np.flatnonzero(tables["mistakes"][:, 3]).tolist() == [1, 3, 4]


def test_lens_starts_where_the_last_skip_helps_most(street):
    picture, scores, truth = street
    rungs = climb(scores, picture.shape[1:])
    moved = verdicts(rungs, truth)[2]
    gain = (moved == 2).astype(int) - (moved == 3)
    found = liveliest(rungs, truth, 8)

    def crowd(row, column):
        window = np.pad(gain, 8)[row + 4 : row + 12, column + 4 : column + 12]
        return window.sum()

    assert crowd(*found) == max(crowd(*place) for place in np.ndindex(gain.shape))


def test_a_setting_that_is_not_there_shows_the_rule_and_the_nearest(street):
    picture, scores, _ = street
    widget = FCNLadder(picture, scores, classes=CLASSES)
    widget.set_state({"finest_stride": 4})
    assert widget.error == (
        "finest_stride=4 is not in this ladder: its score maps have strides 32, 16, 8. "
        "Use one of these."
    )
    assert widget._error["remedy"] == {"finest_stride": 8}
    widget.set_state(widget._error["remedy"])
    assert widget.error == ""
    widget.set_state({"show": "mistakes"})
    assert "needs to know what is right. Give truth=" in widget.error
    assert widget._error["remedy"] == {"show": "classes"}
    with pytest.raises(ValueError, match="class_index=3 is beyond the last class, 'car'"):
        FCNLadder(picture, scores, classes=CLASSES, class_index=3)


@pytest.mark.parametrize(
    ("scores", "error", "words"),
    [
        ([np.zeros((3, 2, 2))], TypeError, "scores is list, must name the stride of each"),
        ({}, TypeError, "must name the stride of each score map"),
        ({"32": np.zeros((3, 2, 2))}, TypeError, "scores has the key '32', must name strides"),
        ({0: np.zeros((3, 2, 2))}, TypeError, "scores has the key 0, must name strides"),
        ({32: "high"}, TypeError, "scores[32] is str, must be numbers"),
        ({32: np.zeros((2, 2))}, ValueError, "scores[32] has shape (2, 2): give (K, h, w)"),
        ({32: np.zeros((1, 2, 3))}, ValueError, "one map for each of 2 to 64 classes"),
        ({32: np.full((3, 2, 3), np.nan)}, ValueError, "scores[32] holds nan or infinity"),
        ({32: np.zeros((3, 2, 2))}, ValueError, "2 x 2 places, which is no picture of 40 x 70"),
        (
            {32: np.zeros((3, 2, 3)), 16: np.zeros((3, 3, 5))},
            ValueError,
            "scores[16] has shape (3, 3, 5), beside (3, 2, 3) at stride 32",
        ),
        (
            {32: {32: np.zeros((3, 2, 3))}, 16: {32: np.zeros((3, 2, 3))}},
            ValueError,
            "scores[16] does not end at stride 16",
        ),
        (
            {32: {32: np.zeros((3, 2, 3))}, 16: np.zeros((3, 4, 6))},
            ValueError,
            "scores[16] does not end at stride 16",
        ),
        (
            {32: {32: np.zeros((3, 2, 3))}, 16: {16: np.zeros((4, 3, 5))}},
            ValueError,
            "The networks score 3 and 4 classes",
        ),
    ],
)
def test_scores_that_do_not_fit_are_named(scores, error, words):
    with pytest.raises(error, match=re.escape(words)):
        FCNLadder(np.zeros((40, 70)), scores, classes=CLASSES)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"picture": None}, TypeError, "picture and scores belong together"),
        ({"picture": np.zeros((2, 40, 70))}, ValueError, "picture has shape (2, 40, 70)"),
        ({"picture": np.full((40, 70), 300.0)}, ValueError, "give uint8, or numbers from 0 to 1"),
        ({"picture": np.zeros((40, 600))}, ValueError, "at most 512 pixels a side"),
        ({"classes": ("a", "b")}, ValueError, "The scores have 3 classes, and classes names 2"),
        ({"palette": [(0, 0, 0)]}, ValueError, "palette has shape (1, 3): give one (red, green"),
        ({"palette": np.full((3, 3), 300)}, ValueError, "from 0 to 255"),
        ({"truth": np.zeros((4, 7), int)}, ValueError, "each of the 40 x 70 pixels"),
        (
            {"truth": np.zeros((40, 70))},
            ValueError,
            "dtype float64: give one class, a whole number",
        ),
        ({"truth": np.full((40, 70), 3)}, ValueError, "classes count from 0 to 2, and void is 255"),
        ({"colour": 3}, TypeError, "FCNLadder has no 'colour'"),
    ],
)
def test_what_does_not_fit_is_named(street, wrong, error, words):
    picture, scores, truth = street
    given = {"picture": picture, "scores": scores, "truth": truth, "classes": CLASSES} | wrong
    with pytest.raises(error, match=re.escape(words)):
        FCNLadder(given.pop("picture"), given.pop("scores"), **given)


def test_pictures_of_all_forms_are_shown_alike(street):
    picture, scores, _ = street
    forms = [picture, picture.transpose(1, 2, 0), torch.tensor(picture), np.uint8(255 * picture)]
    sent = [
        _unpacked(FCNLadder(one, scores, classes=CLASSES)._scene["picture"]).astype(int)
        for one in forms
    ]
    assert all(np.abs(one - sent[0]).max() <= 1 for one in sent)
    grey = FCNLadder(picture[0], scores, classes=CLASSES)
    assert np.ptp(_unpacked(grey._scene["picture"]).astype(int), axis=2).max() == 0


def test_without_arguments_a_street_and_its_trained_networks():
    widget = FCNLadder()
    assert [row["stride"] for row in widget.table] == [32, 16, 8]
    ious = [row["mean_iou"] for row in widget.table]
    assert ious[0] < ious[1] < ious[2]
    f1s = [row["boundary_f1"] for row in widget.table]
    assert f1s[0] < f1s[1] < f1s[2]
    assert "FCN-32s, FCN-16s, FCN-8s and the truth" in widget._describe()
