"""Take README's picture, the convolution widget in JupyterLab: ``python docs/screenshot.py``.

It uses the browser tests' own server and browser, and pictures that come with scikit-image.
"""

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "browser"))

from conftest import Lab, Notebook, launch  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

CELLS = ["from segviz import widgets", "widgets.Convolution2D(preset='vertical edges (Sobel)')"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = Lab(Path(folder))
        try:
            lab.write("shown", CELLS)
            page = launch(playwright).new_page(viewport={"width": 1400, "height": 1000})
            notebook = Notebook(page, lab, "shown")
            notebook.run_all()
            widget = notebook.widget()
            canvas = widget.locator("canvas").first.bounding_box()
            page.mouse.move(
                canvas["x"] + 0.37 * canvas["width"], canvas["y"] + 0.16 * canvas["height"]
            )
            page.wait_for_timeout(500)
            widget.screenshot(path=HERE / "widget.png")
        finally:
            lab.stop()


if __name__ == "__main__":
    main()
