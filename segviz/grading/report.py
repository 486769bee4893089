"""What a lecturer keeps and a student gets: table, JUnit file, feedback pages, histogram."""

from __future__ import annotations

import csv
import html
import io
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from .exercise import Exercise

__all__ = ["printable", "write_file", "write_reports"]

_LONGEST_NAME = 150  # bytes; file systems take 255, and a number and endings come behind it
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 sans-serif; max-width: 45em; margin: 2em auto; padding: 0 1em }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .3em .6em; border-bottom: 1px solid #8888 }}
td:last-child, th:last-child {{ text-align: right }}
</style></head><body>
<h1>{exercise}</h1><p>{student}, {file}</p>
{body}
</body></html>
"""


def write_reports(exercise: Exercise, results: list[dict[str, Any]], folder: Path) -> None:
    """Write ``grades.csv``, ``junit.xml``, ``feedback/*.html`` and ``histogram.png``.

    Args:
        exercise: what was graded.
        results: one per student, as ``classroom.grade`` makes them.
        folder: where to; each file is replaced in one step.
    """
    write_file(folder / "grades.csv", _table(exercise, results).encode())
    write_file(folder / "junit.xml", _junit(exercise, results))
    names: Counter[str] = Counter()
    for result in results:
        name = _file_name(result["student"])
        while names[name.lower()]:
            names[name.lower()] += 1
            name = f"{name}-{names[name.lower()]}"
        names[name.lower()] += 1
        write_file(folder / "feedback" / f"{name}.html", _feedback(exercise, result).encode())
    totals = [result["total"] for result in results if result["status"] == "graded"]
    write_file(folder / "histogram.png", _histogram(exercise, totals))


def write_file(path: Path, content: bytes) -> None:
    """Write a file in one step: whole or not at all, also when the power fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _table(exercise: Exercise, results: Iterable[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["student", *exercise.tasks, "total", "status", "file", "notes"])
    for result in results:
        graded = result["status"] == "graded"
        points = [
            _number(result["points"].get(name, 0)) if graded else "" for name in exercise.tasks
        ]
        total = _number(result["total"]) if graded else ""
        words = [result["student"], result["status"], result["file"], " ".join(result["notes"])]
        student, status, file, notes = map(harmless, words)
        writer.writerow([student, *points, total, status, file, notes])
    return out.getvalue()


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula, nor a part of it that follows what separates
    columns elsewhere.

    >>> harmless("=1+1"), harmless(" @x"), harmless("Ana"), harmless("a;=1")
    ("'=1+1", "' @x", 'Ana', "a;'=1")
    """
    text = re.sub(r"([;|]\s*|\S\t\s*)(?=[=+@-])", r"\1'", printable(text))
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") else text


def printable(text: str) -> str:
    """Without control characters, which XML refuses and terminals obey."""
    return re.sub(r"[^\t\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text)


def _number(value: float) -> str:
    return f"{value:g}"


def _junit(exercise: Exercise, results: list[dict[str, Any]]) -> bytes:
    suites = ElementTree.Element("testsuites", name=exercise.stem)
    for result in results:
        student = printable(result["student"])
        suite = ElementTree.SubElement(suites, "testsuite", name=student)
        failures = errors = 0
        for probe in result["probes"]:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"{student}.{probe['task']}", name=probe["check"]
            )
            if probe["earned"] < probe["points"]:
                failures += 1
                words = f"{probe['earned']:g} of {probe['points']:g} points"
                ElementTree.SubElement(case, "failure", message=words)
        if result["status"] != "graded":
            errors += 1
            case = ElementTree.SubElement(suite, "testcase", classname=student, name="submission")
            ElementTree.SubElement(case, "error", message=printable(" ".join(result["notes"])))
        count = len(result["probes"]) + (result["status"] != "graded")
        for name, number in (("tests", count), ("failures", failures), ("errors", errors)):
            suite.set(name, str(number))
    return bytes(ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True))


def _feedback(exercise: Exercise, result: dict[str, Any]) -> str:
    say = html.escape
    parts = []
    if result["status"] == "graded":
        rows = "".join(
            f"<tr><td>{say(task.title)}</td>"
            f"<td>{result['points'].get(name, 0):g} of {task.points:g}</td></tr>"
            for name, task in exercise.tasks.items()
        )
        total = f"<tr><th>Total</th><th>{result['total']:g} of {exercise.points:g}</th></tr>"
        parts.append(f"<table><tr><th>Task</th><th>Points</th></tr>{rows}{total}</table>")
    else:
        parts.append("<p><strong>Not graded.</strong> No mark was recorded.</p>")
    notes = "".join(f"<li>{say(printable(note))}</li>" for note in result["notes"])
    parts.append(f"<ul>{notes}</ul>" if notes else "")
    if result.get("sandbox") == "none":
        parts.append("<p>Graded without a sandbox.</p>")
    student, file = say(printable(result["student"])), say(printable(result["file"]))
    return _PAGE.format(
        title=f"{say(exercise.title)}: {student}",
        exercise=say(exercise.title),
        student=student,
        file=file,
        body="\n".join(parts),
    )


def _file_name(student: str) -> str:
    """A name that every file system takes, and that leads nowhere else."""
    name = re.sub(r"[^\w .()@-]", "_", printable(student)).strip(" .")
    name = name.encode()[:_LONGEST_NAME].decode(errors="ignore").strip(" .")
    reserved = re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", name)
    return f"{name}_" if reserved or not name else name


def _histogram(exercise: Exercise, totals: list[float]) -> bytes:
    import numpy as np
    from matplotlib.ticker import MaxNLocator

    from segviz.plot import _style

    figure = _style.figure(height=3.2, width=7.0)
    axes = figure.subplots()
    width = max(1, round(exercise.points / 20))  # so that a bar stands on the points it counts
    edges = np.arange(-width / 2, exercise.points + width, width)
    axes.hist(totals, bins=edges.tolist(), color=_style.CYCLE[0], rwidth=0.9)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="points", ylabel="students", title=f"{exercise.title}: {len(totals)} graded")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_style.DPI)
    return file.getvalue()
