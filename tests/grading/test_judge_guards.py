"""What nbval 0.11 would let pass, and the guard against each; no sandbox, on trusted cells."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile

from segviz.exercises._probe import MIME
from segviz.grading._judge import judge
from segviz.grading._kernel import GuardedKernel, Limits

LIMITS = Limits(cpu_seconds=60, memory_bytes=4_000_000_000, processes=500, disk_bytes=10**9)
SHOW = "get_ipython().display_pub.publish({{'text/x-segviz': {!r}, 'text/plain': 'x'}})"


def cell(source: str, role: str = "probe", expected: tuple[str, ...] = ("right",), **options: Any):
    about = {"role": role, "task": "t", "identity": options.pop("identity", source[:20])}
    made = nbformat.v4.new_code_cell(source, metadata={"segviz": about, **options})
    if role == "probe":
        made.execution_count = 1
        made.outputs = [nbformat.v4.new_output("display_data", {MIME: text}) for text in expected]
    return made


def judged(folder: Path, *cells: Any, limits: Limits = LIMITS) -> dict[str, Any]:
    path = folder / "notebook.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)
    return judge(path, "", limits)


def test_nbval_is_the_version_that_these_guards_were_written_for():
    assert version("nbval").startswith("0.11.")
    for kind, names in (
        (IPyNbFile, ("setup", "collect", "teardown")),
        (IPyNbCell, ("setup", "runtest", "compare_outputs", "format_output_compare")),
        (RunningKernel, ("await_reply", "get_message", "is_alive", "stop", "execute_cell_input")),
    ):
        assert all(callable(getattr(kind, name)) for name in names)
    assert issubclass(GuardedKernel, RunningKernel)


RIGHT, WRONG = SHOW.format("right"), SHOW.format("wrong")
CELLS = {
    "right": (cell(RIGHT), True),
    "wrong": (cell(WRONG), False),
    "marker-skip": (cell(f"# NBVAL_SKIP\n{WRONG}"), False),
    "marker-ignore": (cell(f"# NBVAL_IGNORE_OUTPUT\n{WRONG}"), False),
    "marker-raises": (cell("# NBVAL_RAISES_EXCEPTION\n1 / 0"), False),
    "tags": (cell(WRONG, tags=["nbval-skip", "nbval-ignore-output", "raises-exception"]), False),
    "prints-and-warns": (
        cell(f"import sys\nprint('debug')\nprint('old', file=sys.stderr)\n{RIGHT}"),
        True,
    ),
    "carriage-return": (cell(SHOW.format("nonsense\rright")), False),
    "twice": (cell(f"{RIGHT}\n{RIGHT}"), False),
    "not-at-all": (cell("pass"), False),
    "in-another-order": (
        cell(f"{SHOW.format('b')}\n{SHOW.format('a')}", expected=("a", "b")),
        False,
    ),
    "as-text": (cell("print('right')"), False),
    "result-not-display": (
        cell(
            "class R:\n    def _repr_mimebundle_(self, **o): return {'text/x-segviz': 'right'}\nR()"
        ),
        True,
    ),
    "folder": (cell("import os\nassert not os.listdir('.'), os.listdir('.')\n" + RIGHT), True),
    "raises": (cell("raise SystemExit"), False),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[str, Any]:
    cells = [made for made, _ in CELLS.values()]
    for name, made in zip(CELLS, cells, strict=True):
        made.metadata["segviz"]["identity"] = name
    outcome = judged(tmp_path_factory.mktemp("judge"), *cells)
    assert outcome["faults"] == []
    assert "'right'" not in json.dumps(outcome)  # what is expected is never said
    return {verdict["identity"]: verdict for verdict in outcome["verdicts"]}


@pytest.mark.parametrize("name", CELLS)
def test_only_what_a_hidden_check_shows_decides(name, verdicts):
    assert verdicts[name]["passed"] == CELLS[name][1], verdicts[name]["words"]


def test_an_answer_that_raises_says_what_and_stops_nothing(tmp_path):
    outcome = judged(tmp_path, cell("1 / 0", "answer"), cell(RIGHT))
    answer, probe = outcome["verdicts"]
    assert answer["words"] == "raised ZeroDivisionError: division by zero"
    assert (answer["trouble"], probe["passed"]) == (False, True)


@pytest.mark.parametrize("broken", [{"outputs": []}, {"execution_count": None}])
def test_a_check_without_an_expected_output_is_our_fault_not_a_pass(broken, tmp_path):
    made = cell(WRONG)
    made.update(broken)
    outcome = judged(tmp_path, made)
    assert outcome["verdicts"] == []
    assert "has no expected output" in outcome["faults"][0]


SHORT = Limits(cpu_seconds=1, memory_bytes=300_000_000, processes=500, disk_bytes=10**9)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("while True: pass", "used more than 1 s of CPU"),
        ("import time\ntime.sleep(999)", "took more than 3 s"),
        ("import os; os._exit(0)", "ended the kernel"),
        ("for _ in range(9000): print('x' * 999)", "wrote more than 5 MB of output"),
        (
            "import time\nheld = bytearray(b'x') * 500_000_000\ntime.sleep(9)",
            "used more than 300 MB of memory",
        ),
    ],
)
def test_trouble_is_named_and_nothing_after_it_is_expected_to_fail(source, words, tmp_path):
    outcome = judged(tmp_path, cell(source), cell(RIGHT), limits=SHORT)
    assert outcome["faults"] == []
    assert [one["passed"] for one in outcome["verdicts"]] == [False, False]
    assert [one["trouble"] for one in outcome["verdicts"]] == [True, True]
    assert {one["words"] for one in outcome["verdicts"]} == {words}
