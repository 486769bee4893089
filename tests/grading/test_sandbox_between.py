"""What one kernel leaves behind, no later one finds: neither files nor modules of its making."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus.cases import RIGHT, answers, notebook

from segviz.grading import _reference, _worker
from segviz.grading.exercise import find_exercises, read_exercise
from segviz.grading.run import grade_one

pytestmark = pytest.mark.sandbox

LECTURES = Path(__file__).resolve().parents[2] / "lectures"
PLACES = """
import os
places = [line.split()[1] for line in open("/proc/self/mounts")]
planted = [f"{place}/planted.py" for place in (*places, "/run", "/var/tmp")]
"""
PLANT = f"""{PLACES}
written = []
for path in planted:
    try:
        written.append(open(path, "w").write("print('planted')") and os.path.dirname(path))
    except OSError:
        pass
raise LookupError(sorted(set(written)))
"""
FIND = f"""{PLACES}
if found := list(filter(os.path.exists, planted)):
    raise LookupError(found)
{RIGHT["stamp"]}"""


@pytest.mark.parametrize("user", [0, 1000])
def test_only_a_kernels_own_folders_can_be_written_and_nothing_stays(user, monkeypatch):
    """As root, and simulated: in a namespace of a user without rights, who owns what is made."""
    monkeypatch.setattr("segviz.grading.sandbox.os.geteuid", lambda: user)
    exercise = read_exercise(find_exercises(LECTURES, "06")[0])
    drawn = _reference.draw(exercise, 5)
    try:
        address = _worker._server(exercise).address
        planted = grade_one(exercise, drawn, notebook(answers(stamp=PLANT)), address)
        found = grade_one(exercise, drawn, notebook(answers(stamp=FIND)), address)
    finally:
        _worker._forget(exercise)
    assert planted["notes"][0] == "stamp: raised LookupError: ['/dev/shm', '/tmp']"
    assert found["total"] == 10.0, found["notes"]
