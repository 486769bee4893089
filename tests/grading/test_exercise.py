"""The format of exercises, and a build that refuses unfair ones."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from segviz.grading import exercise_build
from segviz.grading._sources import BuildError
from segviz.grading.exercise import find_exercises, read_exercise

LECTURES = Path(__file__).resolve().parents[2] / "lectures"
WRONG = '# %% wrong="twice" points=0 message="wrong"\ndef twice(x):\n    return {}\n\n'
GOOD = """# %% [markdown] exercise={"tolerance": 1e-4, "withhold": ["torch"]}
# # Exercise 01: try

# %% setup=true
import numpy as np

# %% [markdown]
# ## 1 Double (2 points)

# %% answer="twice"
def twice(x):
    # keep me
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% check="twice"
print("right" if twice(2) == 4 and twice(3) == 6 else "wrong")

# %% probe="twice" points=2
show(twice(rng.normal(size=3)))

""" + "".join(WRONG.format(code) for code in ("x", "x**2", "3 * x", "-2 * x"))


def lectures(folder: Path, source: str = GOOD) -> Path:
    path = folder / "lectures" / "src" / "exercises" / "01_try.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, "utf-8")
    return folder / "lectures"


def read(folder: Path, source: str = GOOD):
    return read_exercise(find_exercises(lectures(folder, source))[0])


def test_the_parts_of_an_exercise(tmp_path):
    exercise = read(tmp_path)
    task = exercise.tasks["twice"]
    assert (exercise.title, exercise.points) == ("Exercise 01: try", 2.0)
    assert exercise.settings.tolerance == 1e-4
    assert exercise.settings.withhold == ("torch",)
    assert (task.title, task.points) == ("1 Double (2 points)", 2.0)
    assert [len(cells) for cells in (task.checks, task.probes, task.wrongs)] == [1, 1, 4]
    assert len({cell.identity for cell in exercise.cells}) == len(exercise.cells)


def test_the_stub_raises_where_the_solution_stood(tmp_path):
    stub = read(tmp_path).tasks["twice"].answer.stub
    assert "keep me" in stub
    assert "2 * x" not in stub
    names: dict = {}
    exec(stub, names)
    with pytest.raises(NotImplementedError, match="Write twice here"):
        names["twice"](1)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("### END SOLUTION", "", "has no ### BEGIN SOLUTION ... ### END SOLUTION"),
        ("points=2", "", "probe-twice doesn't say its points"),
        ('check="twice"', 'check="twine"', "task twice has no checks"),
        (WRONG.format("x"), "", "task twice has 3 wrong answers; four at least"),
        (' message="wrong"\ndef twice(x):\n    return x\n', "\n", "doesn't say its message"),
        ('"tolerance"', '"tollerance"', "unknown settings ['tollerance']"),
        ("# %% setup=true", '# %% setup=true check="twice"', "setup and check: split it"),
        (GOOD, "# %%\nx = 1\n", "it has no task"),
    ],
)
def test_what_is_missing_or_twice_there_is_named(old, new, fault, tmp_path):
    with pytest.raises(BuildError) as refused:
        read(tmp_path, GOOD.replace(old, new))
    assert fault in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("return 3 * x", "return x + x", "wrong-twice-3 gets 2 points of 2; its author says 0"),
        ('message="wrong"', 'message="mirrored"', "wrong-twice hears: 'wrong'"),
        ("show(twice(rng.normal(size=3)))", "show(twice(rng.normal(size=0)))", "keeps all points"),
        ("show(twice(rng.normal(size=3)))", "twice(1)", "probe-twice shows nothing"),
        ("show(twice(rng.normal(size=3)))", "show(twice(0.0025))", "near a rounding edge"),
        ("return 2 * x", "return 2 * y", "name 'y' is not defined"),
        (
            "show(twice(rng",
            "show(np.random.normal() + twice(rng",
            "the solution gets 0 of 2 points",
        ),
    ],
)
def test_unfair_exercises_are_refused(old, new, fault, tmp_path):
    exercise = read(tmp_path, GOOD.replace(old, new))
    with pytest.raises(BuildError) as refused:
        exercise_build.refuse(exercise, draws=3)
    assert fault in str(refused.value)


def test_the_student_notebook_has_no_answer_and_nbgraders_metadata(tmp_path):
    exercise = read(tmp_path)
    notebook = exercise_build.student_notebook(exercise)
    nbformat.validate(notebook)
    text = nbformat.writes(notebook)
    assert all(hidden not in text for hidden in ("2 * x", "rng", "-2 * x", "SOLUTION"))
    answer, check = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert answer.metadata.nbgrader == {
        "grade_id": "answer-twice", "locked": False, "schema_version": 3,
        "solution": True, "task": False, "grade": False,
    }  # fmt: skip
    assert (check.metadata.nbgrader.grade, check.metadata.nbgrader.points) == (True, 2.0)
    assert check.metadata.tags == ["nbval-check-output"]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = lectures(tmp_path_factory.mktemp("course"))
    (folder.parent / "README.md").write_text("The course.")
    exercise_build.build_exercises(find_exercises(folder), folder=folder)
    return folder


def test_what_is_built_shows_what_the_solution_gives_and_agrees(built):
    notebook = nbformat.read(built / "exercises" / "01_try.ipynb", as_version=4)
    (check,) = [cell for cell in notebook.cells if cell.id == "check-twice"]
    assert check.outputs[0].text == "right\n"
    source = find_exercises(built)[0]
    assert exercise_build.disagreements(source, built) == []
    shipped = built.parent / "data" / "exercises" / "01_try.ipynb"
    text = shipped.read_text("utf-8")
    shipped.write_text(text.replace("Double", "Triple"), "utf-8")
    assert (
        "differ. Run: segviz build exercises/01" in exercise_build.disagreements(source, built)[0]
    )
    shipped.write_text(text, "utf-8")


def test_the_release_holds_no_answer(built, tmp_path):
    exercise_build.release(tmp_path / "students", folder=built)
    files = [path for path in (tmp_path / "students").rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"README.md", "01_try.ipynb"}
    assert not [path for path in files if "2 * x" in path.read_text("utf-8")]


def test_solutions_and_releases_are_kept_out_of_the_repository(built, tmp_path):
    sources = find_exercises(built)
    with pytest.raises(BuildError, match="solutions must not lie there"):
        exercise_build.build_exercises(sources, folder=built, solutions=built / "solutions")
    with pytest.raises(BuildError, match="must be an empty folder outside the repository"):
        exercise_build.release(built / "out", folder=built)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(BuildError, match="must be an empty folder"):
        exercise_build.release(tmp_path / "full", folder=built)


@pytest.mark.parametrize("source", find_exercises(LECTURES), ids=lambda path: path.stem)
def test_the_courses_exercises_have_two_tasks_hints_and_pictures(source):
    exercise = read_exercise(source)
    text = "\n".join(cell.source for cell in exercise.cells)
    assert len(exercise.tasks) >= 2
    assert text.count("<details><summary>Hint") >= len(exercise.tasks)
    assert "plot.show(" in text
    assert f"# Exercise {source.stem[:2]}" in exercise.cells[0].source


@pytest.mark.parametrize("source", find_exercises(LECTURES), ids=lambda path: path.stem)
def test_the_courses_solutions_pass_their_own_visible_checks(source):
    notebook = nbformat.read(LECTURES / "exercises" / f"{source.stem}.ipynb", as_version=4)
    checks = [cell for cell in notebook.cells if cell.id.startswith("check-")]
    said = ["".join(output.get("text", "") for output in cell.outputs) for cell in checks]
    assert len(said) == len(read_exercise(source).tasks)
    assert all("visible checks pass" in words for words in said)
