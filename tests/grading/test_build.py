"""``segviz build`` on lectures of a few cells, each run in a real kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from segviz.grading.build import BuildError, build

GOOD = """# %% [markdown]
# # 01 Try
#
# Words.

# %% [markdown]
# ### Smaller

# %% tags=["nbval-check-output"]
print(6 * 7)

# %%
from pathlib import Path
Path.cwd() / "src"

# %% slideshow={"slide_type": "skip"}
from matplotlib.figure import Figure
from segviz import plot
plot.show(Figure().subplots(), alt="an empty figure")

# %%
from tqdm.auto import tqdm
total = sum(tqdm(range(3)))
print({"b", "a", "c"})  # in an order of its own in every process, unless that is fixed

# %% tags=["raises-exception"]
int("x")
"""


def lectures(folder: Path, source: str = GOOD, name: str = "01_try") -> Path:
    path = folder / "lectures" / "src" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, "utf-8")
    return folder / "lectures"


def read(folder: Path, name: str = "01_try") -> nbformat.NotebookNode:
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    return notebook


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = lectures(tmp_path_factory.mktemp("course"))
    build(folder=folder)
    return folder


def test_cells_keep_order_kind_and_tags_and_get_slides(built):
    cells = read(built).cells
    assert [cell.cell_type for cell in cells] == ["markdown"] * 2 + ["code"] * 5
    slides = [cell.metadata.slideshow.slide_type for cell in cells]
    assert slides == ["slide", "subslide", "fragment", "fragment", "skip", "fragment", "fragment"]
    assert cells[2].metadata.tags == ["nbval-check-output"]
    assert all(set(cell.metadata) <= {"slideshow", "tags"} for cell in cells)


def test_outputs_are_kept_without_a_trace_of_machine_and_run(built):
    checked, path, figure, progress, error = read(built).cells[2:]
    assert checked.outputs[0].text == "42\n"
    assert path.outputs[0].data["text/plain"] == "PosixPath('lectures/src')"
    assert "image/png" in figure.outputs[0].data
    assert [output.output_type for output in progress.outputs] == ["stream"]
    assert error.outputs[0].traceback == ["ValueError: invalid literal for int() with base 10: 'x'"]
    assert set(read(built).metadata) == {"kernelspec", "language_info"}
    assert "version" not in read(built).metadata.language_info


def test_the_same_source_gives_the_same_bytes(built, tmp_path):
    again = lectures(tmp_path)
    build(["01"], folder=again)
    assert (again / "01_try.ipynb").read_bytes() == (built / "01_try.ipynb").read_bytes()


def test_an_inserted_cell_leaves_the_other_ids_alone(tmp_path):
    from segviz.grading._sources import read_source

    one, two = (
        "# %%\nx = 1\n\n# %%\nx\n\n# %%\nx\n",
        "# %%\nx = 1\n\n# %%\ny = 2\n\n# %%\nx\n\n# %%\nx\n",
    )
    first, second = (
        [cell.id for cell in read_source(lectures(tmp_path, source) / "src" / "01_try.py").cells]
        for source in (one, two)
    )
    assert len(set(second)) == 4
    assert first == [second[0], *second[2:]]


def test_nbval_accepts_what_was_built_and_refuses_another_output(built, tmp_path):
    def nbval(path: Path) -> int:
        command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-q", "--nbval-lax", str(path)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True).returncode

    assert nbval(built / "01_try.ipynb") == 0
    wrong = tmp_path / "01_try.ipynb"
    wrong.write_text((built / "01_try.ipynb").read_text("utf-8").replace('"42\\n"', '"43\\n"'))
    assert nbval(wrong) == 1


def test_stand_ins_are_used_whatever_the_shell_says(monkeypatch, tmp_path):
    monkeypatch.setenv("SEGVIZ_DATA", str(tmp_path))
    monkeypatch.setenv("SEGVIZ_SOURCE", "real")
    folder = lectures(
        tmp_path,
        "# %%\nimport os\nprint(os.environ['SEGVIZ_SOURCE'], 'SEGVIZ_DATA' in os.environ)\n",
    )
    build(folder=folder)
    assert read(folder).cells[0].outputs[0].text == "bundled False\n"


WIDGET = """# %%
class Shown:
    def _repr_mimebundle_(self, **options):
        view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}}
        return {"text/plain": "Shown()", **view, STILL}, {"image/png": {"alt": "a picture"}}
Shown()
"""


def test_a_widget_leaves_its_still_and_not_its_view(tmp_path):
    folder = lectures(tmp_path, WIDGET.replace("STILL", '"image/png": "iVBORw0KGgo="'))
    build(folder=folder)
    assert set(read(folder).cells[0].outputs[0].data) == {"text/plain", "image/png"}


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("# %%\n1 / 0\n", "01_try: cell 1 (`1 / 0`) raised ZeroDivisionError: division by zero"),
        ("# %%\nobject()\n", "cell 1 (`object()`) holds a memory address, another at every run:"),
        ("# %%\nprint('/ho' + 'me/ana/x.png')\n", "holds the absolute path /home/ana/x.png"),
        ("# %% [markdown]\n# See C:\\Users\\ana.\n", "holds the absolute path C:\\Users"),
        ("# %%\nimport warnings\nwarnings.warn('old')\n", "wrote to stderr:"),
        (
            "# %%\nprint(('x' * 99 + chr(10)) * 16_000)\n",
            "more than 1,500,000: make pictures smaller",
        ),
        (
            "# %%\nimport matplotlib.pyplot as plt\nplt.plot([1]);\n",
            "without words for it: plot.sh",
        ),
        (WIDGET.replace("STILL", ""), "shows a widget without a still (image/png)"),
        ("# %%\nimport os\nos._exit(1)\n", "01_try: its kernel died; was the memory full?"),
    ],
)
def test_what_must_not_be_committed_is_refused_and_nothing_is_written(source, fault, tmp_path):
    folder = lectures(tmp_path, source)
    with pytest.raises(BuildError) as refused:
        build(folder=folder)
    assert fault in str(refused.value)
    assert [path.name for path in folder.iterdir()] == ["src"]


@pytest.mark.parametrize(
    "harmless",
    ["12 km/h/s", "https://a.org/b/c", "lectures/02.ipynb", "<b>x</b>", "1/2/3", "~/x/y"],
)
def test_what_only_looks_like_a_path_passes(harmless):
    from segviz.grading._outputs import faults

    cell = nbformat.v4.new_markdown_cell(harmless)
    assert faults(nbformat.v4.new_notebook(cells=[cell])) == []


def edited(notebook: Path, change) -> None:
    content = nbformat.read(notebook, as_version=4)
    change(content)
    nbformat.write(content, notebook)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda nb: nb.cells[2].update(source="print(43)"), "cell 3 (`print(6 * 7)`) differs"),
        (lambda nb: nb.cells[2].metadata.pop("tags"), "cell 3 (`print(6 * 7)`) differs"),
        (lambda nb: nb.cells.pop(), 'cell 7 (`int("x")`) differs from its source'),
        (
            lambda nb: nb.cells.append(nbformat.v4.new_markdown_cell("More.")),
            "cell 8 (`More.`) is not in the source",
        ),
        (lambda nb: nb.cells[2].update(execution_count=None), "01_try was not run"),
        (lambda nb: nb.metadata.update(widgets={}), "its metadata is not what the build writes"),
        (
            lambda nb: nb.cells[2].outputs[0].update(text="<A at 0x7f00>"),
            "holds a memory address",
        ),
    ],
)
def test_check_names_the_cell_that_differs(built, tmp_path, change, fault):
    folder = lectures(tmp_path)
    (folder / "01_try.ipynb").write_bytes((built / "01_try.ipynb").read_bytes())
    build(check=True, folder=folder)
    edited(folder / "01_try.ipynb", change)
    with pytest.raises(BuildError) as refused:
        build(check=True, folder=folder)
    assert fault in str(refused.value)


def test_check_names_what_is_not_built_and_what_has_no_source(tmp_path):
    folder = lectures(tmp_path)
    (folder / "07_orphan.ipynb").write_text("{}")
    with pytest.raises(BuildError) as refused:
        build(check=True, folder=folder)
    assert str(refused.value).splitlines() == [
        "01_try is not built. Run: segviz build 01",
        "07_orphan.ipynb has no source",
    ]


def test_an_unknown_lecture_and_a_folder_without_lectures_are_told(tmp_path, monkeypatch):
    with pytest.raises(BuildError, match=r"no lecture is called '09'\. There are: 01_try\."):
        build(["09"], folder=lectures(tmp_path))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (tmp_path / "lectures").rename(tmp_path / "gone")
    with pytest.raises(BuildError, match="run this inside a clone"):
        build()
