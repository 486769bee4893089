"""``python tests/grading/corpus_run.py``: the whole corpus in one run of ``segviz grade``, judged.

Options: names of cases. It fails where a submission gets other points than it must, where the
report lacks a reason, where anything was left behind, and where one took longer than a minute.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
from corpus import CASES, write
from corpus.cases import Case

LONGEST_SECONDS = 60


def main(names: list[str]) -> int:
    """Return 1 if anything is not as it must be."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        handed_in, out = Path(folder, "in"), Path(folder, "out")
        handed_in.mkdir()
        cases = write(handed_in, names)
        command = [sys.executable, "-m", "segviz", "grade", str(handed_in), "--exercise", "06"]
        done = subprocess.run([*command, "--out", str(out), "--jobs", "2"], text=True, stdout=-1)
        faults = judge(cases, out, done.returncode) + left_behind()
    for fault in faults:
        print(fault)
    print(f"{len(cases) - len(faults)} passed, {len(faults)} failed in corpus")
    return 1 if faults else 0


def judge(cases: dict[str, Case], out: Path, code: int) -> list[str]:
    """What is not as its case says, one line each."""
    if code not in (0, 1):
        return [f"segviz grade ended with {code}"]
    files = [json.loads(path.read_text("utf-8")) for path in (out / "results").glob("*.json")]
    results = {result["student"]: result for result in files}
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    faults = [f"{name}: graded twice or never" for name in cases if name not in results]
    faults += ["grades.csv has another number of rows"] * (len(rows) != len(cases))
    faults += [f"formula: {row['student']}" for row in rows if row["student"][:1] in "=+-@"]
    for name in cases.keys() & results.keys():
        faults += [f"{name}: {fault}" for fault in _faults(cases[name], results[name])]
    for page in (out / "feedback").glob("*.html"):
        faults += [f"{page.name} is not escaped"] * ("<img" in page.read_text("utf-8"))
    return faults


def _faults(case: Case, result: dict[str, object]) -> list[str]:
    faults = []
    notes = " ".join(map(str, result["notes"]))  # type: ignore[call-overload]
    wanted = "rejected" if case.points is None else "graded"
    if result["status"] != wanted:
        faults.append(f"{result['status']}, not {wanted}: {notes}")
    elif case.points is not None and result["points"] != case.points:
        faults.append(f"{result['points']}, not {case.points}: {notes}")
    if case.note not in notes:
        faults.append(f"says {notes!r}, not {case.note!r}")
    if float(str(result["seconds"])) > LONGEST_SECONDS:
        faults.append(f"took {result['seconds']} s")
    return faults


def left_behind() -> list[str]:
    """Processes of ours that still run, and folders that still lie there."""
    running = [
        f"still runs: {process.info['pid']} {' '.join(process.info['cmdline'])[:80]}"
        for process in psutil.process_iter(["pid", "cmdline", "uids"])
        if process.info["uids"] and process.info["uids"].real >= 1_000_000
        or "kernel_server.py" in " ".join(process.info["cmdline"] or ())
    ]
    folders = [f"still there: {path}" for path in Path(tempfile.gettempdir()).glob("segviz-*")]
    return running + folders


if __name__ == "__main__":
    unknown = sorted(set(sys.argv[1:]) - set(CASES))
    if unknown:
        sys.exit(f"no such case: {', '.join(unknown)}")
    sys.exit(main(sys.argv[1:]))
