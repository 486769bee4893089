"""What the widget sends, against the network itself, layer by layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from segviz.models import UNet
from segviz.widgets import EncoderDecoder


def _rows_in_torch(size, **settings):
    """Rows and channels behind every layer of the network, as torch makes them."""
    with torch.device("meta"):
        network = UNet(**settings).eval()
    found = []
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.ConvTranspose2d):
            layer.register_forward_hook(lambda _l, _i, out: found.append(tuple(out.shape[1:3])))
    network(torch.zeros(1, 1, size, size, device="meta"))
    return found


@pytest.mark.parametrize(
    ("size", "depth", "padded"), [(572, 4, False), (256, 3, True), (44, 2, False)]
)
def test_every_map_is_that_of_the_network(size, depth, padded):
    trace = EncoderDecoder(size=size, depth=depth, padded=padded).trace
    made = zip(trace["channels"][1:], trace["rows"][1:], trace["layers"], strict=True)
    skip = 3
    here = [(int(channels), int(rows)) for channels, rows, layer in made if layer != skip]
    assert here == _rows_in_torch(size, depth=depth, padded=padded)


def test_the_verdict_adds_up():
    verdict = EncoderDecoder().trace["verdict"]
    sum_, short, last = verdict.partition(":")[0].replace("−", "-").replace("·", "*").split(" = ")
    assert eval(sum_) == eval(short) == int(last) == 388


def test_a_size_that_does_not_fit_is_followed_to_its_end():
    widget = EncoderDecoder(size=570)
    assert widget.error == ""
    assert widget.trace["rows"].tolist() == [570, 568, 566, 283, 281, 279]
    assert widget.trace["words"][-1] == "A map of 279 rows cannot be halved."
    assert widget.trace["nearest"] == [556, 572]
    assert len(widget.trace["ghosts"]) == len(EncoderDecoder(size=572).trace["rows"])


@pytest.mark.parametrize("size", [1, 2, 1024])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("depth", [1, 5])
def test_every_setting_has_an_answer(size, depth, padded):
    trace = EncoderDecoder(size=size, depth=depth, padded=padded).trace
    assert len(trace["words"]) == len(trace["rows"]) - 1 + bool(trace["nearest"])
    for near in trace["nearest"]:
        assert not EncoderDecoder(depth=depth, padded=padded, size=min(near, 1024)).error


def test_offered_sizes_can_be_taken():
    for size in range(1, 1025, 31):
        for depth in range(1, 6):
            widget = EncoderDecoder(size=size, depth=depth)
            assert all(1 <= near <= 1024 for near in widget.trace["nearest"])


def test_the_words_name_what_is_cut():
    words = EncoderDecoder().trace["words"]
    skips = [line for line in words if line.startswith("Skip")]
    assert skips[-1] == (
        "Skip of level 1: 88 of 568 rows cut off on each side, 392 rows; "
        "64 + 64 channels are joined."
    )
