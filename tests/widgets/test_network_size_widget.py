"""The widget's table against networks counted anew, the papers' figures and a pencil."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segviz import cost, receptive_field
from segviz.widgets import NetworkSize
from segviz.widgets._network_costs import NETWORKS, SIDES, WIDTHS, count, table
from segviz.widgets.network_size import CARDS, USES, _memory

GIB = 2**30

# network, parameters and multiply-adds in units of 10^9 on the picture of the paper, where one of
# the sides is that picture
PAPERS = {"U-Net": (31_030_658, 150.43), "DeepLab v2": (44_048_532, 188.89),
          "DeepLab v3+": (41_055_413, 54.04)}  # fmt: skip


@pytest.mark.parametrize("name", PAPERS)
def test_the_papers_own_pictures(name):
    parameters, giga = PAPERS[name]
    entry = table()[name]["widths"]["1"]
    side = "576" if name == "U-Net" else "512"
    assert entry["parameters"] == parameters
    assert entry["sides"][side]["multiply_adds"] / 1e9 == pytest.approx(giga, abs=0.005)


def test_every_network_width_and_side_is_in_the_table():
    assert set(table()) == set(NETWORKS)
    for name, entry in table().items():
        assert set(entry["fields"]) == {str(side) for side in SIDES}, name
        assert set(entry["widths"]) == set(WIDTHS), name
        for bills in entry["widths"].values():
            assert set(bills["sides"]) == {str(side) for side in SIDES}, name


CASES = [
    ("FCN-8s", "2", 320), ("SegNet", "1", 448), ("U-Net", "1/2", 960), ("V-Net", "1/4", 256),
    ("DeepLab v2", "1/4", 192), ("DeepLab v3+", "1/4", 320), ("DCAN", "1", 1024),
]  # fmt: skip


@pytest.mark.parametrize(("name", "width", "side"), CASES)
def test_an_entry_counted_anew_at_several_batches(name, width, side):
    form = NETWORKS[name]
    model, picture = form.create(width), form.picture(side)
    entry = table()[name]["widths"][width]
    for batch in (1, 3):
        bill = cost(model, (batch, *picture))
        here = entry["sides"][str(side)]
        assert (entry["parameters"], entry["frozen"]) == (bill.parameters, bill.frozen_parameters)
        assert entry["buffers"] == bill.buffers
        assert batch * here["multiply_adds"] == bill.multiply_adds
        assert _memory(name, side, width, batch, "inference")[2] == bill.peak_bytes
        assert _memory(name, side, width, batch, "training, Adam")[2] == bill.kept_bytes


def test_the_dearest_layers_are_those_of_the_bill():
    model = NETWORKS["SegNet"].create("1/2")
    bill = cost(model, NETWORKS["SegNet"].picture(256))
    entry = table()["SegNet"]["widths"]["1/2"]
    here = entry["sides"]["256"]
    for kept, what in (
        (entry["largest"], "parameters"),
        (here["dearest"], "multiply_adds"),
        (here["fullest"], "kept_bytes"),
    ):
        numbers = {row.layer: getattr(row, what) for row in bill.layers}
        assert [numbers[layer] for layer, _ in kept] == [number for _, number in kept]
        assert [number for _, number in kept] == sorted(numbers.values())[::-1][:3]


@pytest.mark.parametrize(("name", "side", "width"), [("U-Net", 256, "1"), ("FCN-8s", 192, "1/2")])
def test_the_receptive_field_is_the_same_at_every_width(name, side, width):
    form = NETWORKS[name]
    found = receptive_field(form.create(width), form.picture(side)).layers[-1]
    assert table()[name]["fields"][str(side)] == [found.smallest[0], found.largest[0]]


def test_a_network_is_counted_as_the_table_holds_it(monkeypatch):
    monkeypatch.setattr("segviz.widgets._network_costs.SIDES", (192, 256))
    counted = count("U-Net", "1/4")
    kept = table()["U-Net"]["widths"]["1/4"]
    assert counted["sides"] == {side: kept["sides"][side] for side in ("192", "256")}
    assert {**counted, "sides": 0} == {**kept, "sides": 0}


@given(
    st.sampled_from(list(NETWORKS)), st.sampled_from(SIDES), st.sampled_from(WIDTHS),
    st.integers(1, 16), st.sampled_from(CARDS),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_memory_adds_up_and_the_verdict_follows(name, side, width, batch, card):
    entry = table()[name]["widths"][width]
    room = int(card.split()[0]) * GIB
    totals = []
    for use in USES:
        widget = NetworkSize(network=name, side=side, width=width, batch=batch, card=card, use=use)
        at = list(NETWORKS).index(name)
        weights, training, activations = widget.trace["memory"][at]
        assert weights == 4 * (entry["parameters"] + entry["frozen"] + entry["buffers"])
        numbers = {"inference": 0, "training, momentum": 2, "training, Adam": 3}[use]
        assert training == 4 * numbers * entry["parameters"]
        total = weights + training + activations
        totals.append(total)
        verdict = widget.trace["verdicts"][at]
        assert verdict.startswith("no") == (total > room)
        assert (verdict == "fits") == (total <= 0.8 * room)
        assert np.allclose(widget.trace["parts"][at].sum() * room, total)
    assert totals[0] < totals[1] < totals[2]


def test_twice_the_channels_cost_four_times_the_multiply_adds_and_twice_the_maps():
    narrow, wide = (NetworkSize(width=width).trace for width in ("1", "2"))
    unet = list(NETWORKS).index("U-Net")
    ratio = table()["U-Net"]["widths"]["2"]["sides"]["576"]["multiply_adds"] / 150.428424448e9
    assert 3.97 < ratio < 4  # the first and the last layer have one side that stays
    maps = wide["memory"][unet, 2] / narrow["memory"][unet, 2]
    assert maps == pytest.approx(2, abs=0.01)
    assert narrow["rows"][unet][3] == wide["rows"][unet][3]


def test_bills_of_the_chosen_network_name_layers_that_it_has():
    for name in ("FCN-8s", "V-Net"):
        bills = NetworkSize(network=name).trace["bills"]
        modules = dict(NETWORKS[name].create("1").named_modules())
        assert [title for title, _ in bills] == [
            "parameters", "multiply-adds", "activations kept in training",
        ]  # fmt: skip
        assert all(layer in modules for layer, _ in bills[0][1])
        assert all(0 < share <= 1 for _, layers in bills for _, share in layers)
    fcn = dict(NetworkSize(network="FCN-8s").trace["bills"])
    assert fcn["parameters"][0] == ["dense.0", pytest.approx(102_764_544 / 134_489_759)]


def test_its_picture_is_described():
    words = NetworkSize(card="4 GiB", batch=1)._describe()
    assert "on a card of 4 GiB" in words
    assert "V-Net 87.0 GiB, no: 22 cards" in words


def test_the_dearest_setting_is_told_in_large_units_that_say_the_same():
    trace = NetworkSize(side=1024, width="2", batch=16, use="training, Adam", card="4 GiB").trace
    here = table()["V-Net"]["widths"]["2"]["sides"]["1024"]
    at = list(NETWORKS).index("V-Net")
    _, products, memory, _ = trace["rows"][at]
    total = int(trace["memory"][at].sum())
    assert products == f"{here['multiply_adds'] / 1e15:.2f} P" == "1.03 P"
    assert memory == f"{total / GIB / 1024:.1f} TiB" == "15.1 TiB"
    assert trace["verdicts"][at] == f"no: {-(-total // (4 * GIB)):,} cards" == "no: 3,869 cards"
    assert NetworkSize().trace["rows"][list(NETWORKS).index("U-Net")][1] == "150.43 G"
