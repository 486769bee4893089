"""The networks' sizes at the largest setting: nothing is pushed aside, and bars say they go on."""

from __future__ import annotations

import pytest

from segviz.widgets import NetworkSize
from segviz.widgets._network_costs import NETWORKS

pytestmark = pytest.mark.browser

LARGEST = {"side": 1024, "width": "2", "batch": 16, "use": "training, Adam", "card": "4 GiB"}
# Left edge and width of each bar, height of its row, and its outline.
BARS = """() => [...document.querySelectorAll('[aria-hidden="true"]')]
  .filter((one) => one.closest('tr') && one.children.length === 4).map((bar) => {
    const { x, width } = bar.getBoundingClientRect();
    const { height } = bar.closest('tr').getBoundingClientRect();
    return [x, width, height, getComputedStyle(bar).clipPath];
  })"""


@pytest.fixture
def bars(context, tmp_path):
    def measured(wide, **settings):
        NetworkSize(**settings).save(tmp_path / "page.html")
        page = context.new_page()
        page.set_viewport_size({"width": wide, "height": 720})
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_selector(".segviz-note")
        page.wait_for_function("document.querySelector('.segviz').dataset.moving === 'false'")
        found = page.evaluate(BARS)
        page.close()
        assert len(found) == len(NETWORKS)
        return found

    return measured


@pytest.mark.parametrize("network", ["V-Net", "DeepLab v3+"])
@pytest.mark.parametrize("width", [1280, 390])
def test_rows_and_bars_stay_in_line_at_the_largest_setting(bars, width, network):
    found = bars(width, network=network, **LARGEST)
    places = {(x, wide, height) for x, wide, height, _ in found}
    assert len(places) == 1
    assert places == {one[:3] for one in map(tuple, bars(width))}


def test_only_bars_that_are_cut_off_end_in_a_point(bars):
    widget = NetworkSize(card="4 GiB")
    cut = [share > 1.25 for share in widget.trace["parts"].sum(axis=1).tolist()]
    assert 0 < sum(cut) < len(cut)
    assert [outline != "none" for *_, outline in bars(1280, card="4 GiB")] == cut
