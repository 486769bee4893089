"""nbval, guarded, runs one notebook: what each hidden check came to, one JSON object each.

nbval's own comparison decides. The subclasses here close what a student's code could lean on:
markers and tags in cells are not obeyed, only what hidden checks show is compared, nothing is
expected to fail, a check without an expected output is an error, and nothing expected is printed.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbCell, IPyNbFile

from segviz.exercises._probe import MIME

from ._kernel import GuardedKernel, Limits
from ._usage import Trouble

_INI = "[pytest]\n"
_LONGEST_WORDS = 300


class GuardedFile(IPyNbFile):
    """A notebook whose cells say in ``metadata.segviz`` what they are: role, task, identity."""

    judge: Judge

    def setup(self) -> None:
        """Start the kernel; its folder never is the one that holds what is expected."""
        self.kernel = GuardedKernel(self.judge.address, self.judge.limits)
        self.task = ""

    def collect(self) -> Iterator[GuardedCell]:
        """Yield every code cell, with options of ours."""
        self.nb = nbformat.read(str(self.path), as_version=4)
        for number, cell in enumerate(self.nb.cells):
            about = cell.metadata["segviz"]
            checked = about["role"] == "probe"
            if checked and not (cell.outputs and cell.execution_count):
                raise ValueError(f"{about['identity']} has no expected output")
            options: defaultdict[str, bool] = defaultdict(bool, check=checked)
            yield GuardedCell.from_parent(
                self,
                name=f"{number} {about['identity']}",
                cell_num=number,
                cell=cell,
                options=options,
            )

    def teardown(self) -> None:
        """End the kernel."""
        if isinstance(self.kernel, GuardedKernel):
            self.kernel.stop()
            self.judge.cpu_seconds += self.kernel.cpu_seconds
            self.judge.seconds += self.kernel.seconds
            self.judge.excused += self.kernel.excused


class GuardedCell(IPyNbCell):
    """One cell; `setup` of nbval would expect every cell after a timeout to fail."""

    parent: GuardedFile

    def setup(self) -> None:
        """Begin a task's account with its first cell."""
        task = self.cell.metadata["segviz"]["task"]
        if task != self.parent.task and self.parent.kernel.is_alive():
            self.parent.task = task
            self.parent.kernel.start_task()

    def runtest(self) -> None:
        """As nbval, after a look at whether there is a kernel to ask."""
        kernel = self.parent.kernel
        if kernel.trouble or not kernel.is_alive():
            kernel.trouble = kernel.trouble or "ended the kernel"
            raise Trouble(kernel.trouble)
        super().runtest()

    def compare_outputs(self, test: Any, ref: Any, skip_compare: Any = None) -> bool:
        """Let nbval compare, and nothing but, what hidden checks show."""
        return bool(super().compare_outputs(_shown(test), _shown(ref), skip_compare))

    def format_output_compare(self, key: str, left: Any, right: Any) -> None:
        """Say nothing: the text would hold what is expected."""

    def repr_failure(self, excinfo: Any) -> str:
        """No traceback and no expected value."""
        return type(excinfo.value).__name__


def _shown(outputs: Any) -> list[NotebookNode]:
    shown = []
    for output in outputs:
        if output.output_type in ("display_data", "execute_result") and MIME in output["data"]:
            data = {MIME: output["data"][MIME]}
            shown.append(nbformat.from_dict({"output_type": "display_data", "data": data}))
    return shown


class Judge:
    """The pytest plugin: collects guarded notebooks, and notes how every cell ended."""

    def __init__(self, address: str, limits: Limits) -> None:
        self.address, self.limits = address, limits
        self.verdicts: list[dict[str, Any]] = []
        self.faults: list[str] = []
        self.cpu_seconds = self.seconds = self.excused = 0.0

    def pytest_collect_file(self, file_path: Path, parent: Any) -> GuardedFile | None:
        """Collect notebooks, with the guards."""
        if file_path.suffix != ".ipynb":
            return None
        collected = GuardedFile.from_parent(parent, path=file_path)
        collected.judge = self
        return collected

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: GuardedCell, call: Any) -> Iterator[None]:
        """Points are given for ``passed`` in the ``call`` phase and for nothing else."""
        outcome = yield
        report = outcome.get_result()  # type: ignore[attr-defined]
        about = item.cell.metadata["segviz"]
        if call.when == "call":
            passed = report.outcome == "passed"
            words = "" if passed else _words(item, call.excinfo)
            self.verdicts.append({**about, "passed": passed, "words": words})
            trouble = call.excinfo is not None and call.excinfo.errisinstance(Trouble)
            self.verdicts[-1]["trouble"] = trouble
        elif report.failed:
            self.faults.append(f"{call.when}: {call.excinfo.exconly()[:_LONGEST_WORDS]}")

    def pytest_collectreport(self, report: Any) -> None:
        """A notebook of ours that can't be collected is a fault of ours."""
        if report.failed:
            self.faults.append(str(report.longrepr)[-_LONGEST_WORDS:])


def _words(item: GuardedCell, excinfo: Any) -> str:
    """Why a cell failed, for the student: a limit, an exception of theirs, or another result."""
    if excinfo.errisinstance(Trouble):
        return str(excinfo.value)
    for output in item.test_outputs or ():
        if output.output_type == "error":
            return f"raised {output['ename']}: {output['evalue']}"[:_LONGEST_WORDS]
    return "gave another result" if item.cell.metadata["segviz"]["role"] == "probe" else "failed"


def judge(notebook: Path, address: str, limits: Limits) -> dict[str, Any]:
    """Run one notebook under pytest, in this process.

    Args:
        notebook: alone in a folder that no kernel sees.
        address: of the `KernelServer`; empty for an ordinary kernel.
        limits: of every task in it.

    Returns:
        ``verdicts``: one per cell that ran: role, task, identity, passed, words, trouble.
        ``faults``: what went wrong on our side. ``cpu_seconds``: of the kernel. ``seconds``: that
        its tasks took, less those ``excused``, in which they could only wait for a processor.
    """
    notebook.with_name("pytest.ini").write_text(_INI, "utf-8")
    plugin = Judge(address, limits)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    arguments = ["-q", "--color=no", "-p", "nbval.plugin", "-p", "no:cacheprovider"]
    arguments += ["-p", "no:faulthandler", "--rootdir", str(notebook.parent), str(notebook)]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = pytest.main(arguments, plugins=[plugin])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and not plugin.faults:
        plugin.faults.append(f"pytest ended with {code!r}")
    cpu = round(plugin.cpu_seconds, 3)
    times = {"cpu_seconds": cpu, "seconds": plugin.seconds, "excused": plugin.excused}
    return {"verdicts": plugin.verdicts, "faults": plugin.faults, **times}
