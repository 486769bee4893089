"""A real JupyterLab in a real Chromium: one server and one browser for all tests."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

# As root and in containers Chromium wants the first flags; the others keep it off the network.
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    # Otherwise cells out of sight are not drawn.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}


# Whether all that was asked is answered and drawn, and no more is to be drawn; see drawing.js.
DRAWN = """((root) => root?.dataset.drawn && root.dataset.drawn === root.dataset.asked
  && root.dataset.moving === 'false')"""
# Whether beside that Python knows what it was told.
AT_REST = f"((root) => {DRAWN}(root) && root.dataset.telling === 'false')"
# What comes late on a machine that others keep busy is right all the same.
PATIENCE = 60_000
# Whether a root has a width that belongs to the page's and keeps it for some frames, at rest.
LAID_OUT = f"""async ([root, width]) => {{
  const before = root.clientWidth;
  if (before > width || before < width / 2) return false;
  for (let i = 0; i < 5; i++) {{
    await new Promise(requestAnimationFrame);
    if (root.clientWidth !== before || !{DRAWN}(root)) return false;
  }}
  return true;
}}"""
# What glides is there; CSS begins to move it when a style is read, and getAnimations reads them.
ARRIVED = "root => Promise.all(root.getAnimations({ subtree: true }).map((one) => one.finished))"
# A cell that runs for as long as a file is there, or fails after two minutes.
BUSY = """
import os, pathlib, time
mark, end = pathlib.Path({mark!r}), time.monotonic() + 120
mark.write_text(f"{{os.getpid()}}\\n")
while mark.exists():
    sum(range(10**5))
    assert time.monotonic() < end, "nobody took the mark away"
"""


def find_chromium() -> str:
    """The browser's path: $CHROMIUM, or Chromium or Chrome on the PATH."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "chrome")
    for name in names:
        if name and shutil.which(name):
            return str(shutil.which(name))
    raise FileNotFoundError(
        "No Chromium or Chrome on the PATH: install one (Debian: apt install chromium) or set "
        "CHROMIUM to its path."
    )


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)


class Lab:
    """A JupyterLab server on a free port, with its own settings, home and notebook folder."""

    def __init__(self, folder: Path) -> None:
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir(parents=True)
        self.log = folder / "lab.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTERLAB_SETTINGS_DIR": str(_user_settings(folder / "user-settings")),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
            "SEGVIZ_SOURCE": "bundled",
        }
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1",
            "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True",
            f"--ServerApp.root_dir={self.notebooks}",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, env=environment, stdout=self.log.open("w"), stderr=subprocess.STDOUT
        )
        self._wait()

    def _wait(self) -> None:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.url}/api/status", timeout=5).close()
                return
            except urllib.error.URLError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-3000:]}")

    def write(self, name: str, cells: list[str]) -> Path:
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        path = self.notebooks / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()


def _user_settings(folder: Path) -> Path:
    for plugin, settings in _SETTINGS.items():
        package, name = plugin.split(":")
        path = folder / package / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    return folder


class Notebook:
    """A notebook open in the browser, with what a test does to it."""

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.page = page
        self._folder = lab.notebooks
        self.problems: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        # /doc/ is Lab's single-document mode: no file browser in the way at any width.
        page.goto(f"{lab.url}/doc/tree/{name}.ipynb?reset")
        page.wait_for_function("globalThis.jupyterapp?.shell.currentWidget?.sessionContext")
        self.wait_for_kernel()

    def _hear(self, message: ConsoleMessage) -> None:
        # Jupyter's server may fail to list its kernels while one starts; JupyterLab asks again.
        listing = "/api/kernels?" in message.location["url"]
        if message.type == "error" and not listing:
            self.problems.append(message.text)

    def wait_for_kernel(self) -> None:
        # Run All pressed before the kernel is attached is lost.
        self.page.wait_for_function(
            """async () => {
                 const {sessionContext} = jupyterapp.shell.currentWidget;
                 await sessionContext.ready;
                 const kernel = sessionContext.session?.kernel;
                 if (kernel?.connectionStatus !== 'connected') return false;
                 await kernel.info;
                 return kernel.status === 'idle';
               }""",
            timeout=60_000,
        )

    def command(self, name: str, **arguments: object) -> None:
        """One of JupyterLab's commands, as from its menus, until it is done."""
        self.page.evaluate(
            "async ([name, values]) => { await jupyterapp.commands.execute(name, values); }",
            [name, arguments],
        )

    def run_all(self) -> None:
        self.command("notebook:run-all-cells")

    def run(self, code: str) -> None:
        """Run code in the kernel, beside the cells, and wait for its end; fail where it raises."""
        self.start(code)
        self.page.evaluate("window.running")

    def start(self, code: str) -> None:
        """Run code in the kernel; ``window.running`` is its end, and rejects where it raises."""
        self.page.evaluate(
            """code => { const {session} = jupyterapp.shell.currentWidget.sessionContext;
                 window.running = session.kernel.requestExecute({code}).done.then(({content}) => {
                   if (content.status !== 'ok') throw new Error(
                     `in the kernel: ${content.ename}: ${content.evalue}`); }); }""",
            code,
        )

    def theme(self, name: str) -> None:
        """Change to "JupyterLab Light" or "JupyterLab Dark" and wait until it is there."""
        self.command("apputils:change-theme", theme=name)
        self.page.locator(f'body[data-jp-theme-name="{name}"]').wait_for(state="attached")

    def close(self) -> None:
        """Close the page and end its kernel, which holds up to a gigabyte."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()

    @contextmanager
    def busy(self, *, answering: bool = False) -> Iterator[None]:
        """A cell runs for as long as the block; unless answering, the kernel does nothing else."""
        mark = self._folder / f"{uuid.uuid4()}.busy"
        self.start(BUSY.format(mark=str(mark)))
        while not (mark.exists() and mark.read_text().endswith("\n")):
            self.page.wait_for_timeout(10)  # lets Playwright work
        process = int(mark.read_text())
        try:
            # Stopped, it answers nothing at all, and leaves the processor to the page.
            os.kill(process, signal.SIGCONT if answering else signal.SIGSTOP)
            yield
        finally:
            os.kill(process, signal.SIGCONT)
            mark.unlink()
        self.page.evaluate("window.running")

    def widget(self, position: int = 0, *, told: bool = True) -> Locator:
        """The widget's root, when all that was asked is answered and drawn, and nothing moves.

        With told, Python also knows what it is told at leisure, a third of a second later.
        """
        self.page.wait_for_function(
            f"at => {AT_REST if told else DRAWN}(document.querySelectorAll('.segviz')[at])",
            arg=position,
        )
        return self.page.locator(".segviz").nth(position)

    def arrived(self, position: int = 0) -> Locator:
        """The widget's root when beside that all that CSS lets glide has come to rest."""
        root = self.widget(position, told=False)
        root.evaluate(f"async root => void await ({ARRIVED})(root)")
        return root

    def resize(self, width: int, height: int = 720, positions: Iterable[int] = (0,)) -> None:
        """Give the page another size and wait until widgets are laid out and drawn in it."""
        self.page.set_viewport_size({"width": width, "height": height})
        for position in positions:
            root = self.page.locator(".segviz").nth(position).element_handle()
            self.page.wait_for_function(LAID_OUT, arg=[root, width])


def pixels_of(canvas: Locator) -> np.ndarray:
    """A canvas's pixels: uint8 of shape (height, width, 4)."""
    height, width, text = canvas.evaluate(
        """canvas => {
             const {width, height} = canvas;
             const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
             // As text: Playwright takes seconds over a list of as many numbers.
             let text = '';
             for (let at = 0; at < data.length; at += 8192)
               text += String.fromCharCode(...data.subarray(at, at + 8192));
             return [height, width, btoa(text)];
           }"""
    )
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def cells_of(canvas: Locator, rows: int, columns: int) -> np.ndarray:
    """The colours in the middle of a canvas's cells: uint8 of shape (rows, columns, 3)."""
    pixels = pixels_of(canvas)
    y, x = (
        ((np.arange(count) + 0.5) * size / count).astype(int)
        for count, size in zip((rows, columns), pixels.shape[:2], strict=True)
    )
    return pixels[y[:, None], x, :3]


def violations(page: Page, selector: str = "") -> list[list[str]]:
    """What axe finds on a page, or in a part of it: the rule and the element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate(
        """async (selector) => {
             const options = { resultTypes: ['violations'] };
             const { violations } = await axe.run(selector || document, options);
             return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => [id, html]));
           }""",
        selector,
    )


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def context() -> Iterator[BrowserContext]:
    """One for all tests: JupyterLab's own files then come from its cache."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        made = browser.new_context(viewport={"width": 1280, "height": 720})
        made.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield made
        browser.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: $SEGVIZ_SCREENSHOTS, for whoever wants to look at them."""
    folder = Path(os.environ.get("SEGVIZ_SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def open_notebook(
    lab: Lab, context: BrowserContext, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Write cells into a notebook, open it, run it all; its page is closed with the module."""
    notebooks: list[Notebook] = []

    def opened(*cells: str) -> Notebook:
        name = f"{request.module.__name__.rpartition('.')[2]}-{len(notebooks)}"
        lab.write(name, list(cells))
        notebooks.append(Notebook(context.new_page(), lab, name))
        notebooks[-1].run_all()
        return notebooks[-1]

    yield opened
    for notebook in notebooks:
        notebook.close()
