"""What the widget sends, against one window after the other."""

import numpy as np
import pytest
import torch
from torch import nn

import segviz.models
from segviz.models.sliding_window import SlidingWindow as PatchClassifier
from segviz.models.sliding_window import predict_patches
from segviz.widgets import SlidingWindow
from segviz.widgets._patch_classifier import measured


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(3)
    return PatchClassifier(patch_size=17, width=6, hidden=5).eval()


@pytest.fixture(scope="module")
def picture():
    return torch.rand(1, 20, 26, generator=torch.Generator().manual_seed(1)).mul(100).round() / 100


@pytest.fixture
def widget(picture, classifier):
    return SlidingWindow(picture, classifier)


def scene(widget):
    """What the browser unpacks, as arrays again."""
    return {
        name: np.frombuffer(value["data"], value["dtype"]).reshape(value["shape"])
        if isinstance(value, dict) and "data" in value
        else value
        for name, value in widget._scene.items()
    }


def test_class_map_is_that_of_the_patch_loop(widget, picture, classifier):
    scores = predict_patches(classifier, picture, batch_size=64)
    # A pixel whose scores nearly tie may fall to either side in float32.
    clear = (scores[0] - scores[1]).abs() > 1e-5
    assert clear.float().mean() > 0.99
    shown = torch.from_numpy(scene(widget)["class_map"].copy())
    assert torch.equal(shown[clear].long(), scores.argmax(0)[clear])


def test_picture_is_sent_with_its_mirrored_rim(widget, picture):
    padded = nn.functional.pad(picture, (8, 8, 8, 8), mode="reflect")[0]
    np.testing.assert_array_equal(scene(widget)["picture"], (padded * 255).round().byte())


def test_layers_are_those_of_one_patch_in_torch(widget, classifier):
    sizes, costs = [], []
    value = torch.zeros(1, 1, 17, 17)
    for module in classifier:
        before, value = value, module(value)
        if isinstance(module, nn.Conv2d):
            costs.append(module.weight.numel())
        if isinstance(module, nn.Linear):
            costs.append(before.shape[1] * value.shape[1])
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            sizes.append(value.shape[-1])
    layers = widget.layers
    assert [layer.outputs for layer in layers] == [17, *sizes, 1, 1]
    assert [layer.multiply_adds for layer in layers if layer.multiply_adds] == costs
    assert layers[-1].receptive_field == 17


def test_values_that_windows_share_are_equal(classifier, picture):
    """The counts rest on this: where two windows meet, a layer's values are the same numbers."""
    for module, layer in zip(list(classifier)[:6], _per_module(classifier), strict=True):
        step = layer.stride
        left = _through(classifier, module, picture[None, :, :17, :17])
        right = _through(classifier, module, picture[None, :, :17, step : step + 17])
        assert left.shape[-1] == layer.outputs > 1
        torch.testing.assert_close(left[..., 1:], right[..., :-1])


def _per_module(classifier):
    """Each module's layer; a ReLU has that of the convolution before it."""
    layers = iter(measured(classifier)[1:])
    current = None
    for module in list(classifier)[:6]:
        current = current if isinstance(module, nn.ReLU) else next(layers)
        yield current


def _through(classifier, last, patch):
    for module in classifier:
        patch = module(patch)
        if module is last:
            break
    return patch


def test_counts_so_far_are_those_of_the_walk(widget):
    """As the browser makes them from the marks, and as the still shows them."""
    height, width = 20, 26
    for number in (0, 1, 2, 4):
        layer = widget.layers[number]
        for step in (0, 25, 26, 137, height * width - 1):
            expected = np.zeros_like(widget._so_far(layer, step))
            for done in range(step + 1):
                row, column = divmod(done, width)
                stop = layer.outputs * layer.stride
                expected[
                    row : row + stop : layer.stride, column : column + stop : layer.stride
                ] += 1
            np.testing.assert_array_equal(widget._so_far(layer, step), expected)


def test_marks_count_the_values_of_one_window(widget):
    marks = scene(widget)["marks"]
    for row, layer in zip(marks, widget.layers, strict=True):
        starts = layer.stride * np.arange(layer.outputs)
        expected = [(starts <= place).sum() for place in range(len(row))]
        assert row.tolist() == expected
        # Long enough for the largest place of this layer in this picture.
        assert len(row) >= 26 + (layer.outputs - 1) * layer.stride


def test_bill_is_that_of_the_dense_network(widget, classifier, picture):
    """What is needed is what torch counts in the equal network that shares everything."""
    from torch.utils.flop_counter import FlopCounterMode

    dense = segviz.models.to_fully_convolutional(classifier)
    with FlopCounterMode(display=False) as counter:
        dense(picture[None])
    sent = scene(widget)
    assert 2 * sent["once"][-1] == counter.get_total_flops()
    with FlopCounterMode(display=False) as counter:
        classifier(torch.zeros(1, 1, 17, 17))
    assert 2 * sent["loop"] == counter.get_total_flops()


def test_still_says_what_it_has_cost(widget):
    sent, step = scene(widget), widget._start
    ratio = (step + 1) * sent["loop"] / sent["once"][step]
    assert widget._still().get_supxlabel().endswith(f": {ratio:.1f} times as many as needed")


def test_heat_colours_rise_with_the_count(widget):
    heat = scene(widget)["heat"].astype(int)
    assert (heat[0], heat[-1], len(heat)) == (0, 255, 17**2 + 1)
    assert (np.diff(heat) >= 0).all()
    assert heat[1] > 0


def test_layer_out_of_reach_is_refused_with_the_range(widget):
    widget.layer = 31
    assert "layer=31 is beyond the last one" in widget.error
    assert widget.trace["name"] == "pixels"
    assert "each value of pixels" in widget._describe()
    assert widget._still().axes[2].get_title() == "pixels: how often read"
    widget.layer = 1
    assert widget.error == ""
    assert widget.trace["name"] == "convolution 1"


def test_own_class_map_is_shown_as_it_is(picture, classifier):
    own = np.arange(20 * 26).reshape(20, 26) % 3
    widget = SlidingWindow(
        picture, classifier, own, classes=("a", "b", "c"), palette=[(0, 0, 0)] * 3
    )
    np.testing.assert_array_equal(scene(widget)["class_map"], own)


def _crossed():
    """Square as a whole, but not layer by layer."""
    return nn.Sequential(nn.Conv2d(1, 2, (3, 1)), nn.Conv2d(2, 2, (1, 3)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"class_map": np.zeros((4, 4), int)}, "class_map has shape"),
        ({"class_map": np.zeros((20, 26))}, "a whole number"),
        ({"class_map": np.full((20, 26), 2)}, "holds 2 to 2, and 2 classes count from 0 to 1"),
        ({"palette": [(0, 0, 0)]}, "palette has shape"),
        ({"picture": torch.zeros(1, 300, 300)}, "Cut a piece out"),
        ({"picture": torch.full((1, 20, 26), 7.0)}, "values go from 7 to 7"),
        ({"layer": 9}, "beyond the last one"),
        ({"classifier": nn.Sequential(nn.Conv2d(1, 2, 3, padding=1))}, "Use padding=0"),
        ({"classifier": nn.Sequential(nn.Upsample(scale_factor=2))}, "Use Conv2d, MaxPool2d"),
        ({"classifier": nn.Sequential(nn.Conv2d(1, 2, (3, 5)))}, "window is 3 x 5"),
        ({"classifier": nn.Sequential(nn.Conv2d(1, 2, 4))}, "window is 4 x 4.* Use 5 x 5"),
        ({"classifier": _crossed()}, r"Conv2d has kernel_size=\(3, 1\)"),
    ],
)
def test_refusals_say_what_to_do(picture, classifier, change, words):
    with pytest.raises(ValueError, match=words):
        SlidingWindow(**{"picture": picture, "classifier": classifier, **change})


def test_what_is_no_network_is_refused(picture):
    with pytest.raises(TypeError, match="int"):
        SlidingWindow(picture, 5)


def test_any_chain_is_read_with_its_smallest_window():
    network = nn.Sequential(nn.Conv2d(1, 2, 4), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 2))
    layers = measured(network)
    assert [layer.outputs for layer in layers] == [9, 6, 3, 1]
    assert [layer.name for layer in layers] == ["pixels", "convolution 1", "pooling 1", "dense 1"]
    assert [layer.multiply_adds for layer in layers] == [0, 32, 0, 36]


def test_a_dilated_layer_counts_with_what_it_spans():
    network = nn.Sequential(nn.Conv2d(1, 2, 3, dilation=2), nn.AvgPool2d(3))
    assert [layer.outputs for layer in measured(network)] == [7, 3, 1]
