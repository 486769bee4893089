"""A real JupyterLab in a real Chromium: one server and one browser for all tests."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

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
}


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
        overrides = folder / "app" / "settings"
        overrides.mkdir(parents=True)
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
            "--IdentityProvider.token=", f"--ServerApp.root_dir={self.notebooks}",
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
        self.problems: list[str] = []
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        # /doc/ is Lab's single-document mode: no side bars in the way at any width.
        page.goto(f"{lab.url}/doc/tree/{name}.ipynb?reset")
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        self.wait_for_idle()

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and "favicon" not in text:
            self.problems.append(text)

    def wait_for_idle(self) -> None:
        # Run All pressed before the kernel is attached is lost.
        self.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(
            state="attached", timeout=60_000
        )

    def run_all(self) -> None:
        self.page.locator(".jp-Notebook .jp-CodeCell").first.click()
        self.page.evaluate(
            "window.jupyterapp?.commands.execute('notebook:run-all-cells')"
        ) if self._has_app() else self._run_by_menu()
        self.wait_for_idle()

    def _has_app(self) -> bool:
        return bool(self.page.evaluate("'jupyterapp' in window"))

    def _run_by_menu(self) -> None:
        self.page.locator('.lm-MenuBar-item:has-text("Run")').first.click()
        self.page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()

    def widget(self, position: int = 0):
        """The widget's root, drawn for the first time."""
        root = self.page.locator(".segviz").nth(position)
        root.locator("xpath=self::*[@data-drawn]").wait_for(timeout=30_000)
        return root

    def settle(self, position: int = 0) -> None:
        """Wait until Python has answered everything asked, and the answer is drawn."""
        self.page.wait_for_function(
            """position => {
                 const root = document.querySelectorAll('.segviz')[position];
                 return root && root.dataset.drawn === root.dataset.asked;
               }""",
            arg=position,
        )


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def open_notebook(
    lab: Lab, browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Write the cells into a notebook, open it, run it all; closes the page afterwards."""
    contexts = []

    def opened(*cells: str, width: int = 1280, height: int = 900, **options) -> Notebook:
        name = f"{request.node.name.split('[')[0]}-{len(contexts)}"
        lab.write(name, list(cells))
        viewport = {"width": width, "height": height}
        contexts.append(browser.new_context(viewport=viewport, **options))
        notebook = Notebook(contexts[-1].new_page(), lab, name)
        notebook.run_all()
        return notebook

    yield opened
    for context in contexts:
        context.close()
