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
        page.wait_for_selector(".segviz[data-moving='false']")
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


PLACES = """() => {
  const scrolled = document.querySelector('.segviz table').parentElement.getBoundingClientRect();
  const rows = [...document.querySelectorAll('.segviz table')][0].querySelectorAll('tbody tr');
  return [...rows].map((row) => {
    const told = row.querySelector('[aria-hidden="true"]').nextElementSibling;
    const words = document.createRange();
    words.selectNodeContents(told);
    return [row.cells[1].innerText, told.innerText, row.cells[1].getBoundingClientRect().right,
      words.getBoundingClientRect().right, scrolled.right];
  });
}"""


def test_on_a_phone_memory_and_whether_it_fits_are_seen_without_scrolling(context, tmp_path):
    widget = NetworkSize(**LARGEST)
    widget.save(tmp_path / "page.html")
    page = context.new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".segviz[data-moving='false']")
    found = page.evaluate(PLACES)
    page.close()
    told = [(memory, verdict) for memory, verdict, *_ in found]
    expected = [row[2] for row in widget.trace["rows"]]
    assert told == list(zip(expected, widget.trace["verdicts"], strict=True))
    assert all(memory < words < edge for *_, memory, words, edge in found)


DRAWN = """() => [...document.querySelectorAll('[aria-hidden="true"]')]
  .filter((one) => one.closest('tr') && one.children.length === 4)
  .map((bar) => [...bar.children].slice(0, 3).map((part) => part.getBoundingClientRect().width))"""


def test_what_is_not_nothing_can_be_seen(context, tmp_path):
    widget = NetworkSize(side=192, width="1/4", use="inference", card="80 GiB")
    widget.save(tmp_path / "page.html")
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".segviz[data-moving='false']")
    found = page.evaluate(DRAWN)
    page.close()
    assert len(found) == len(NETWORKS)
    for widths, parts in zip(found, widget.trace["parts"].tolist(), strict=True):
        assert [width >= 2 for width in widths] == [part > 0 for part in parts]
        assert min(widths) == 0  # of gradients there are none
