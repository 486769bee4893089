"""Folders, zips of Moodle and Canvas, single files: who handed in what."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from segviz.grading._files import entries
from segviz.grading.intake import collect

STEM = "06_transposed_convolution"
NAME = f"{STEM}.ipynb"


def zipped(files: dict[str, bytes], dates: dict[str, int] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            day = (dates or {}).get(name, 1)
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, day, 12, 0, 0)), content)
    return out.getvalue()


def students(path: Path) -> dict[str, bytes]:
    return {one.student: one.content for one in collect([path], STEM)}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_file_is_a_student_and_so_is_a_folder(tmp_path):
    files = {"ana.ipynb": b"1", f"bo/{NAME}": b"2", f"cy/deep/er/{NAME}": b"3", ".DS_Store": b""}
    assert students(written(tmp_path, files)) == {"ana": b"1", "bo": b"2", "cy": b"3"}
    assert students(tmp_path / "ana.ipynb") == {"ana": b"1"}


MOODLE = {
    f"Ana López_1234_assignsubmission_file_/{NAME}": b"1",
    f"Ana López_99_assignsubmission_file_/{NAME}": b"2",
    "Bo_7_assignsubmission_file_/answer.ipynb": b"3",
}


@pytest.mark.parametrize("packed", [True, False])
def test_moodles_export(packed, tmp_path):
    path = written(tmp_path, {"all.zip": zipped(MOODLE)} if packed else MOODLE)
    wanted = {"Ana López (1234)": b"1", "Ana López (99)": b"2", "Bo": b"3"}
    assert students(path / "all.zip" if packed else path) == wanted


def test_canvas_export_with_late_and_newer_files(tmp_path):
    files = {
        f"lopezana_1234_5678_{NAME}": b"old",
        f"lopezana_1234_5679_{STEM}-1.ipynb": b"newer",
        f"lopezana_1234_5680_{STEM}-10.ipynb": b"newest",
        f"smithbo_LATE_77_88_{NAME}": b"2",
    }
    path = written(tmp_path, {"all.zip": zipped(files)}) / "all.zip"
    ana, bo = collect([path], STEM)
    assert (ana.student, ana.content, ana.late) == ("lopezana", b"newest", False)
    assert len(ana.notes) == 2
    assert "is superseded by a newer file" in ana.notes[0]
    assert (bo.student, bo.late, bo.notes) == ("smithbo", True, ("Handed in late.",))


def test_the_file_called_like_the_exercise_counts_then_the_latest(tmp_path):
    files = {
        f"ana/{NAME}": b"1",
        "ana/07_other.ipynb": b"7",
        "bo/a.ipynb": b"2",
        "bo/b.ipynb": b"3",
    }
    dates = {"bo/a.ipynb": 9, "bo/b.ipynb": 3}
    path = written(tmp_path, {"all.zip": zipped(files, dates)}) / "all.zip"
    assert students(path) == {"ana": b"1", "bo": b"2"}


def test_equal_copies_are_not_called_superseded(tmp_path):
    path = written(tmp_path, {"ana/06_a.ipynb": b"1", "ana/06_b.ipynb": b"1"})
    assert collect([path], STEM)[0].notes == ()


def test_a_zip_in_a_students_folder_is_opened_once_more(tmp_path):
    inner = zipped({f"work/{NAME}": b"1", "work/report.pdf": b"%PDF"})
    assert students(written(tmp_path, {"ana/work.zip": inner})) == {"ana": b"1"}


def test_names_that_lead_elsewhere_are_only_names(tmp_path):
    files = {f"../../ana/{NAME}": b"1", f"/etc/{NAME}": b"2", f"C:\\bo\\{NAME}": b"3"}
    path = written(tmp_path, {"all.zip": zipped(files)}) / "all.zip"
    assert students(path) == {"ana": b"1", "etc": b"2", "C:": b"3"}
    assert [one.name for one in tmp_path.iterdir()] == ["all.zip"]


def test_links_are_not_followed(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    handed_in = tmp_path / "in"
    handed_in.mkdir()
    (handed_in / "ana.ipynb").symlink_to(tmp_path / "secret.txt")
    entry = zipfile.ZipInfo(f"bo/{NAME}")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(handed_in / "all.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    found = collect([handed_in], STEM)
    assert [(one.content, one.problem) for one in found] == [(b"", "it is a link, not a file")] * 2


def test_a_broken_zip_is_a_students_problem_and_an_empty_folder_the_lecturers(tmp_path):
    (broken,) = collect([written(tmp_path / "a", {"ana/w.zip": b"PK\3\4"})], STEM)
    assert (broken.student, broken.problem[:21]) == ("ana", "the zip can't be read")
    (tmp_path / "b").mkdir()
    with pytest.raises(ValueError, match="no submission in"):
        collect([tmp_path / "b"], STEM)
    with pytest.raises(FileNotFoundError, match="is not there"):
        collect([tmp_path / "c"], STEM)


FLAT = {
    f"Ana López_1234_assignsubmission_file_{NAME}": b"1",
    "Bo_7_assignsubmission_file_answer 2.ipynb": b"2",
    "Bo_7_assignsubmission_onlinetext_onlinetext.html": b"<p>",
}


def test_moodles_export_without_folders(tmp_path):
    path = written(tmp_path, {"all.zip": zipped(FLAT)}) / "all.zip"
    assert students(path) == {"Ana López": b"1", "Bo": b"2"}


@pytest.mark.parametrize(
    "files",
    [
        MOODLE,
        {f"lopezana_12_34_{NAME}": b"1"},
        {f"ana/{NAME}": b"1", f"bo/{NAME}": b"2"},
    ],
)
def test_a_folder_around_the_class_is_nobody(files, tmp_path):
    wrapped = {f"submissions/{name}": content for name, content in files.items()}
    path = written(tmp_path, {"all.zip": zipped(wrapped), "plain.zip": zipped(files)})
    assert students(path / "all.zip") == students(path / "plain.zip")
    assert "submissions" not in students(written(tmp_path / "folder", wrapped))


def test_a_zip_that_canvas_renamed_is_its_students(tmp_path):
    inner = zipped({NAME: b"1"})
    path = written(tmp_path, {"all.zip": zipped({"lopezana_LATE_12_34_work.zip": inner})})
    (ana,) = collect([path / "all.zip"], STEM)
    assert (ana.student, ana.content, ana.late) == ("lopezana", b"1", True)


def test_files_called_alike_are_told_apart_by_their_folders(tmp_path):
    """``segviz grade class/*`` and ``segviz grade class/*/06*.ipynb``, as a shell writes it out."""
    written(tmp_path, {f"ana/{NAME}": b"1", f"bo/{NAME}": b"2"})
    (tmp_path / "cy.zip").write_bytes(zipped({NAME: b"3"}))
    for paths in (tmp_path.iterdir(), [*tmp_path.glob("*/*.ipynb"), tmp_path / "cy.zip"]):
        found = {one.student: one.content for one in collect(paths, STEM)}
        assert found == {"ana": b"1", "bo": b"2", "cy": b"3"}


def test_results_among_the_submissions_are_none(tmp_path):
    path = written(tmp_path, {"ana.ipynb": b"1", "graded/feedback/ana.html": b"x"})
    assert [one.student for one in collect([path], STEM, path / "graded")] == ["ana"]
    with pytest.raises(ValueError, match="no submission in"):
        collect([path / "graded"], STEM, path / "graded")


def test_who_handed_in_nothing_is_listed(tmp_path):
    """An empty folder, a folder called like a notebook, one with rubbish, a zip without a file."""
    path = written(tmp_path, {"cy/.DS_Store": b"x", "di/w.zip": zipped({"__MACOSX/x": b""})})
    (path / "ana").mkdir()
    (path / "bo" / NAME).mkdir(parents=True)
    found = {one.student: one.problem for one in collect([path], STEM)}
    empty = "it is a folder with no file in it"
    nothing = "the zip can't be read (it holds no file)"
    assert found == {"ana": empty, "bo": empty, "cy": empty, "di": nothing}


def damaged(content: bytes) -> bytes:
    """A zip whose one entry doesn't unpack: its compressed bytes are others."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NAME, content)
    packed = bytearray(out.getvalue())
    packed[35 + len(NAME) : 45 + len(NAME)] = b"\xff" * 10
    return bytes(packed)


def nested(depth: int) -> bytes:
    content = zipped({NAME: b"1"})
    for _ in range(depth):
        content = zipped({"inner.zip": content})
    return content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (damaged(bytes(range(256)) * 9), "its zip can't be read"),
        (nested(3), "more than 3 zips in one another"),
        (zipped({f"{number}/": b"" for number in range(50_001)}), "more than 50,000 files"),
    ],
)
def test_a_zip_that_would_stop_everything_stops_nothing(content, words, tmp_path):
    ana, bo = collect([written(tmp_path, {"ana/w.zip": content, "bo.ipynb": b"2"})], STEM)
    assert words in ana.problem
    assert (bo.content, bo.problem) == (b"2", "")


def test_what_a_students_zip_unpacks_to_is_bounded(tmp_path):
    (tmp_path / "ana").mkdir()
    with zipfile.ZipFile(tmp_path / "ana" / "w.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"{number}.ipynb", bytes(19_000_000))
    problems = [one.problem for one in entries(tmp_path)]
    assert problems == [""] * 10 + ["the zip can't be read (more than 200 MB unpacked)"]


def test_only_one_version_of_a_student_is_held_in_memory(tmp_path):
    files = {f"ana/{number}_{NAME}": bytes([number]) * 10 for number in range(4)}
    (ana,) = collect([written(tmp_path, files)], STEM)
    assert len(ana.content) == 10
    assert len(ana.notes) == 3


def test_of_two_entries_of_one_name_the_last_counts_as_where_they_are_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(f"ana/{NAME}", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(f"ana/{NAME}", b"2")
    assert students(tmp_path / "all.zip") == {"ana": b"2"}


def test_folders_without_end_are_one_students_problem(tmp_path, monkeypatch):
    path = written(tmp_path, {"bo.ipynb": b"2"})
    monkeypatch.chdir(path)
    for name in ["ana"] + ["d"] * 1200:
        os.mkdir(name)
        os.chdir(name)
    os.chdir(path)
    ana, bo = collect([path], STEM)
    assert ana.problem == "it lies in more than 50 folders"
    assert (bo.content, bo.problem) == (b"2", "")
    # pytest's own way to remove a folder would go as deep as it.
    subprocess.run(["rm", "-rf", "ana"], check=True)
