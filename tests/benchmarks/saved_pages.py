"""Every widget's saved page, opened from disk with the network off: its size and its frames.

    python tests/benchmarks/saved_pages.py [WIDGET ...]

A page is played from its start, and the animation frames of two seconds are counted; a page whose
steps do not move in that time counts as none. The goal is 50 frames/s and less than 300 kB.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from conftest import launch

import segviz.widgets

# Resolves to frames a second while the player moves, 0 if it does not.
COUNT = """() => new Promise((resolve) => {
  const step = document.querySelector('input[aria-label="Step"]');
  const start = step.value;
  let frames = 0;
  const frame = () => { frames += 1; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  setTimeout(() => resolve(step.value === start ? 0 : frames / 2), 2000);
})"""


def main() -> None:
    names = sys.argv[1:] or dir(segviz.widgets)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 720})
        for name in names:
            path = Path(folder) / f"{name}.html"
            getattr(segviz.widgets, name)().save(path)
            page = context.new_page()
            page.goto(path.as_uri())
            page.wait_for_selector(".segviz[data-frame]")
            play = page.get_by_role("button", name="Play")
            frames = "no player"
            if play.count():
                play.first.click()
                frames = f"{page.evaluate(COUNT):.0f} frames/s"
            print(f"{name:26} {path.stat().st_size / 1000:6.0f} kB  {frames}", flush=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
