"""Folders, zips of Moodle and Canvas, single files: who handed in what."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

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
