"""The unpooling widget's numbers against torch, over all that its controls can be set to."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from segviz.ops import bed_of_nails
from segviz.widgets import Unpooling2D
from segviz.widgets._unpooling_steps import DOWN, INDICES, SIZES, UP, WEIGHTS, Way
from segviz.widgets._unpooling_words import same_size
from segviz.widgets.unpooling import GRID, LARGEST, SMALLEST

PICTURE = np.random.default_rng(1).random((13, 10))
SHAPES = list(itertools.product(range(SMALLEST, LARGEST + 1), repeat=2))
WAYS = [
    Way(down, up, kernel_size, ceil_mode, indices, output_size)
    for down, up, kernel_size, ceil_mode, indices, output_size in itertools.product(
        DOWN, UP, (2, 3), (False, True), INDICES, SIZES
    )
    if (down == DOWN[0] or up != UP[0])
    and not (down == DOWN[2] and ceil_mode)
    and (up == UP[0] or indices == INDICES[0])
]


def _tensor(x):
    return torch.tensor(np.asarray(x, dtype=float))[None, None]


def _torch_down(way, x):
    k = way.kernel_size
    if way.down == DOWN[0]:
        made = F.max_pool2d(_tensor(x), k, ceil_mode=way.ceil_mode, return_indices=True)
        return made[0], made[1]
    if way.down == DOWN[1]:
        return F.avg_pool2d(_tensor(x), k, ceil_mode=way.ceil_mode), None
    return F.conv2d(_tensor(x), _tensor(WEIGHTS[k]), stride=k), None


def _torch_up(way, pooled, indices, x, other):
    size = x.shape if way.output_size == "kept" else None
    if way.up == UP[2]:
        scale = None if size else way.kernel_size
        return F.interpolate(pooled, size=size, scale_factor=scale, mode="nearest")
    if way.indices == INDICES[1]:
        indices = _torch_down(way, other)[1]
    if way.indices == INDICES[2]:
        indices = F.max_pool2d(pooled, 3, 1, padding=1, return_indices=True)[1]
    if way.up == UP[1]:
        width = x.shape[1] if size else way.kernel_size * pooled.shape[-1]
        rows, columns = (way.kernel_size * torch.arange(n) for n in pooled.shape[2:])
        indices = (rows[:, None] * width + columns)[None, None]
    return F.max_unpool2d(pooled, indices, way.kernel_size, output_size=size)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_setting_is_torch_s(way):
    for seed, shape in enumerate(SHAPES):
        x, other = np.random.default_rng(seed).integers(-9, 10, (2, *shape))
        try:
            pooled, indices = _torch_down(way, x)
        except RuntimeError:
            with pytest.raises(ValueError, match="the window fits nowhere"):
                way.go(x, other)
            continue
        trip = way.go(x, other)
        np.testing.assert_allclose(trip.pooled, pooled[0, 0].numpy(), atol=1e-12)
        if indices is not None:
            np.testing.assert_array_equal(trip.own, indices[0, 0].numpy())
        _same_way_up(way, trip, pooled, indices, x, other)


def _same_way_up(way, trip, pooled, indices, x, other):
    if not trip.fits:
        rule = r"has no such pixel\. Use the size before pooling"
        with pytest.raises(ValueError, match=rule):
            trip.unpooled()
        with pytest.raises(RuntimeError, match="invalid max index"):
            _torch_up(way, pooled, indices, x, other)
        return
    theirs = _torch_up(way, pooled, indices, x, other)[0, 0].numpy()
    # Where two have one place, torch's threads may leave either; ours leaves the last.
    if not trip.lost():
        np.testing.assert_allclose(trip.unpooled(), theirs, atol=1e-12)
    _steps_make_the_output(trip)


def _steps_make_the_output(trip):
    """Written one after the other, as the browser does, the values make the output."""
    out = np.zeros(trip.size).ravel()
    for value, places in zip(trip.pooled.ravel(), trip.writes(), strict=True):
        out[places] = value
    np.testing.assert_array_equal(out.reshape(trip.size), trip.unpooled())


@given(st.sampled_from(SHAPES), st.sampled_from([2, 3]), st.booleans(), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_corner_indices_make_a_bed_of_nails(shape, k, ceil_mode, seed):
    x = np.random.default_rng(seed).integers(1, 10, shape)
    if min(shape) < k and not ceil_mode:
        return
    trip = Way(DOWN[0], UP[1], k, ceil_mode, "saved", "left out").go(x, x)
    np.testing.assert_array_equal(trip.unpooled(), bed_of_nails(trip.pooled, k))


@given(st.sampled_from(WAYS), st.sampled_from(SHAPES), st.lists(st.integers(-9, 9), min_size=36))
@settings(max_examples=60, deadline=None)
def test_the_widget_shows_the_trip_and_says_each_step(way, shape, numbers):
    values = np.resize(numbers, shape)
    named = {name: getattr(way, name) for name in vars(way)}
    try:
        trip = way.go(values, np.zeros(shape))
        fits = way.indices == INDICES[1] or trip.fits
    except ValueError:
        fits = False
    if not fits:
        with pytest.raises(ValueError, match="Use"):
            Unpooling2D(values, PICTURE, **named)
        return
    if way.indices == INDICES[1]:
        return  # another table's indices: the exhaustive test has them
    trace = Unpooling2D(values, PICTURE, **named).trace
    assert trace["unpooled"].tolist() == trip.unpooled().tolist()
    assert len(trace["say"]) == len(trace["written"]) == 2 * trip.pooled.size
    for words, written, value in zip(
        trace["say"], trace["written"], [*trip.pooled.ravel()] * 2, strict=True
    ):
        shown = f"{value:.2f}".rstrip("0").rstrip(".").replace("-0", "0" if value == 0 else "-0")
        assert shown.replace("-", "−") in words
        _adds_up(written)
    assert trace["outcome"].startswith(f"{_back(trip)} of {values.size} numbers are back")


def _adds_up(written):
    """Both sides of each equals sign are the same number."""
    plain = written.translate(str.maketrans({"−": "-", "×": "*", "⌊": "(", "⌋": ")"}))
    plain = re.sub(r"max\(([^)]*)\)", lambda m: str(max(map(int, m[1].split(",")))), plain)
    equations = re.findall(r"[-+*/(). \d]+(?: = [-+*/(). \d]+)+", plain)
    assert equations or "≈" in written, written
    for equation in equations:
        sides = [eval(side.strip()) for side in equation.split(" = ")]
        floored = [np.floor(side) for side in sides] if "⌊" in written else sides
        assert len(set(floored)) == 1, equation


def _back(trip):
    """Counted one by one: numbers that stand where they stood, not counting the zeros around."""
    written = {place for places in trip.writes() for place in places}
    out = trip.unpooled()
    return sum(
        r < out.shape[0]
        and c < out.shape[1]
        and r * out.shape[1] + c in written
        and out[r, c] == value
        for (r, c), value in np.ndenumerate(trip.x)
    )


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_picture_goes_the_same_way_with_the_same_rest(way):
    named = {name: getattr(way, name) for name in vars(way)}
    k = way.kernel_size
    # The other table's indices do not fit into one of 4 x 4, which 4 x 5 numbers come up as.
    refused = (way.indices, way.output_size, k) == (INDICES[1], SIZES[1], 2) and not way.ceil_mode
    table = np.ones((4, 4 if refused else 5))
    widget = Unpooling2D(table, PICTURE, **named)
    rows, columns = widget.trace["picture_size"]
    assert (rows % k, columns % k) == (4 % k, table.shape[1] % k)
    assert 0 <= 13 - rows < k > 10 - columns >= 0
    picture, other = (one[:rows, :columns] for one in (widget._picture, widget._other))
    trip = way.go(picture, other)
    if not trip.fits:
        assert "unpooled_picture" not in widget.trace
        assert widget.trace["picture_outcome"].startswith("Picture: none, for its indices go")
        return
    shown = widget.trace["unpooled_picture"] / 255
    assert shown == pytest.approx(trip.unpooled(), abs=0.5 / 255 + 1e-9)
    np.testing.assert_array_equal(_put_together(widget), widget.trace["unpooled_picture"])


def _put_together(widget):
    """The picture that comes up, from nothing but what the browser gets."""

    def array(packed):
        return np.frombuffer(packed["data"], packed["dtype"]).reshape(packed["shape"])

    sent = widget._detail
    assert "unpooled_picture" not in sent
    height, width = sent["picture_size"]
    picture = array(widget._scene["picture"])[:height, :width]
    if "pooled_picture" in sent:
        pooled = array(sent["pooled_picture"])
    else:
        pooled = picture.ravel()[array(sent["places"])]
    np.testing.assert_array_equal(pooled, widget.trace["pooled_picture"])
    if "rows" in sent:
        return pooled[np.ix_(array(sent["rows"]), array(sent["columns"]))]
    out = np.zeros(sent["unpooled_size"], np.uint8).ravel()
    for place, code in zip(array(sent["places"]).ravel(), pooled.ravel(), strict=True):
        out[place] = code
    return out.reshape(sent["unpooled_size"])


def test_by_hand():
    trace = Unpooling2D(GRID).trace
    assert trace["pooled"].tolist() == [[4, 5], [1, 7]]
    assert trace["saved"].tolist() == [[4, 7], [9, 10]]
    assert trace["unpooled"].tolist() == [[0, 0, 0, 0], [4, 0, 0, 5], [0, 1, 7, 0], [0, 0, 0, 0]]
    assert trace["outcome"] == "4 of 16 numbers are back where they stood."
    assert trace["sizes"][0] == "4 rows and 4 columns → 2 → 4 (4 and 5 both give 2)"
    assert trace["say"][2] == (
        "Step 3 of 8, down: rows 2 to 3, columns 0 to 1: the largest is 1 (there 2 times; the "
        "first counts). Index 9 is saved."
    )
    assert trace["written"][2] == "max(0, 1, 1, 0) = 1, at row 2, column 1: index 2 × 4 + 1 = 9"
    assert trace["say"][6] == "Step 7 of 8, up: 1 goes to index 9: row 2, column 1."
    assert trace["written"][6] == "index 9 = 2 × 4 + 1"


def test_by_hand_sizes_that_differ_have_a_line_each():
    assert Unpooling2D(rows=4, columns=5, kernel_size=3, ceil_mode=True).trace["sizes"] == [
        "4 rows → 2 → 4 (4, 5 and 6 all give 2)",
        "5 columns → 2 → 5 (4, 5 and 6 all give 2)",
    ]


def test_by_hand_the_other_ways():
    nails = Unpooling2D(GRID, up="bed of nails").trace
    assert nails["unpooled"].tolist() == [[4, 0, 5, 0], [0] * 4, [1, 0, 7, 0], [0] * 4]
    assert nails["say"][5] == "Step 6 of 8, up: 5 goes to row 0, column 2, the corner of its block."
    assert nails["written"][5] == "row 2 × 0 = 0, column 2 × 1 = 2"
    mean = Unpooling2D(GRID, down="average pooling", up="nearest").trace
    assert mean["unpooled"][0].tolist() == [2.5, 2.5, 2.25, 2.25]
    assert mean["written"][0] == "(1 + 3 + 4 + 2) / 4 = 2.5"
    assert mean["say"][4] == "Step 5 of 8, up: 2.5 is copied to rows 0 to 1, columns 0 to 1."
    assert mean["written"][4] == "rows ⌊0 × 2 / 4⌋ = ⌊1 × 2 / 4⌋ = 0; columns " + (
        "⌊0 × 2 / 4⌋ = ⌊1 × 2 / 4⌋ = 0"
    )
    strided = Unpooling2D(GRID, down="strided convolution", up="nearest").trace
    assert strided["pooled"].tolist() == [[1.5, 3.5], [0, 7]]
    assert strided["written"][0] == "0.5 × 1 + 0.5 × 2 = 1.5"


def test_by_hand_a_lost_size_shears_the_table_in_ceil_mode():
    values = np.arange(25).reshape(5, 5)
    made = Unpooling2D(values, ceil_mode=True, output_size="left out").trace
    assert made["unpooled"].shape == (6, 6)
    assert made["saved"].ravel().tolist() == [6, 8, 9, 16, 18, 19, 21, 23, 24]
    # 6 stood at row 1, column 1 of 5 columns; index 6 of 6 columns is row 1, column 0.
    assert made["unpooled"][1].tolist() == [6, 0, 8, 9, 0, 0]
    assert made["sizes"][0] == "5 rows and 5 columns → 3 → 6, not 5 (5 and 6 both give 3)"


def test_by_hand_a_lost_size_is_refused_in_floor_mode_and_keeping_it_is_offered():
    widget = Unpooling2D(np.arange(16).reshape(4, 4), PICTURE, output_size="left out")
    assert widget.trace["unpooled"].shape == (4, 4)
    widget.set_state({"values": np.arange(25).reshape(5, 5).tolist()})
    assert widget.error == (
        "indices hold 16, but output_size=(4, 4) has no such pixel. Use the size before pooling, "
        "and indices that max pooling returned."
    )
    assert widget._error["remedy"] == {"output_size": "kept"}
    widget.set_state(widget._error["remedy"])
    assert widget.error == ""
    assert widget.trace["unpooled"].shape == (5, 5)


@pytest.mark.parametrize(
    ("changes", "words", "remedy"),
    [
        ({"down": "average pooling"}, "Average pooling saves no indices", {"up": "nearest"}),
        ({"down": "strided convolution"}, "Strided convolution saves no", {"up": "nearest"}),
        (
            {"up": "nearest", "down": "strided convolution", "ceil_mode": True},
            "ceil_mode is an option of pooling",
            {"ceil_mode": False},
        ),
        ({"rows": 2, "kernel_size": 3}, "the window fits nowhere", {"ceil_mode": True}),
    ],
)
def test_what_does_not_go_together_is_explained(changes, words, remedy):
    widget = Unpooling2D(picture=PICTURE)
    before = widget.trace["unpooled"]
    widget.set_state(changes)
    assert words in widget.error
    assert widget.trace["unpooled"] is before
    assert widget._error["remedy"] != {}
    if words != "the window fits nowhere":
        assert widget._error["remedy"] == remedy
    widget.set_state(widget._error["remedy"])
    assert widget.error == ""


@given(st.integers(1, 4), st.integers(2, 3), st.booleans())
def test_sizes_that_pool_to_the_same_are_all_of_them(m, k, ceil_mode):
    x = [torch.zeros(1, 1, n, 9) for n in range(1, 20)]
    fitting = [one for one in x if ceil_mode or one.shape[2] >= k]
    pooled = {one.shape[2]: F.max_pool2d(one, k, ceil_mode=ceil_mode).shape[2] for one in fitting}
    assert same_size(m, k, ceil_mode) == [n for n, size in pooled.items() if size == m]


def test_messages_stay_small_at_the_largest_setting():
    rng = np.random.default_rng(0)
    values = rng.integers(-99, 0, (LARGEST, LARGEST))
    for way in WAYS:
        named = {name: getattr(way, name) for name in vars(way)}
        widget = Unpooling2D(values, rng.random((80, 80)), **named)
        for answer in ("_trace", "_detail"):
            state = widget.get_state([answer])
            assert len(json.dumps(state, default=lambda data: len(data) * "x")) <= 10_000


def test_frames_light_one_step_each():
    widget = Unpooling2D(GRID, PICTURE)
    assert widget._frames() == 8
    texts = [
        [text.get_text() for text in widget._frame(step).axes[3].texts if text.get_ha() == "center"]
        for step in (3, 4, 7)
    ]
    assert texts[0] == [""] * 16
    assert texts[1] == ["0"] * 4 + ["4"] + ["0"] * 11
    assert "".join(texts[2]) == "0000400501700000"


def test_a_picture_that_is_too_small_is_refused_in_words():
    with pytest.raises(ValueError, match="The picture has 4 × 9 pixels left: give one with at"):
        Unpooling2D(picture=np.zeros((4, 9)))


def test_words_for_those_who_cannot_see():
    words = Unpooling2D(GRID, PICTURE)._describe()
    assert "A 4 × 4 table of numbers, its max-pooling with 2x2 windows to 2 × 2" in words
    assert "(0, 0, 0, 0; 4, 0, 0, 5; 0, 1, 7, 0; 0, 0, 0, 0)" in words


@pytest.mark.parametrize("up", [UP[0], UP[2]])
def test_what_is_back_in_the_picture_is_counted_without_rounding(up):
    """Greys a thousandth apart are not equal, though they look it."""
    picture = np.linspace(0.2, 0.3, 256).reshape(16, 16)
    words = Unpooling2D(None, picture, up=up).trace["picture_outcome"]
    assert words.startswith("Picture: 64 of 256 numbers are back")
