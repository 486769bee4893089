"""pyproject.toml, requirements.lock, environment.yml and course.py must ask for the same things."""

from __future__ import annotations

import functools
import re
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK_LINES = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
PLATFORMS = [
    {"platform_system": "Linux", "sys_platform": "linux", "os_name": "posix"},
    {"platform_system": "Darwin", "sys_platform": "darwin", "os_name": "posix"},
    {"platform_system": "Windows", "sys_platform": "win32", "os_name": "nt"},
]


@functools.cache
def locked() -> dict[str, Requirement]:
    return {canonicalize_name(r.name): r for r in map(Requirement, LOCK_LINES)}


@functools.cache
def installed() -> dict[str, Distribution]:
    return {canonicalize_name(found.metadata["Name"]): found for found in distributions()}


def asked_for() -> list[Requirement]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    lines = [*PROJECT["project"]["dependencies"], *(line for extra in extras for line in extra)]
    return [Requirement(line) for line in [*lines, *PROJECT["build-system"]["requires"]]]


def exact(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    return specifier.version


@pytest.mark.parametrize("line", LOCK_LINES)
def test_the_lock_names_one_exact_version_a_line(line):
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*==[0-9][\w.+]*( ; [\w. ]+ [=<>!]+ \"[\w.]+\")?", line)


def test_the_lock_is_sorted_and_names_nothing_twice():
    names = [canonicalize_name(Requirement(line).name) for line in LOCK_LINES]
    assert len(names) == len(set(names))
    assert sorted(LOCK_LINES) == LOCK_LINES


@pytest.mark.parametrize("requirement", asked_for(), ids=str)
def test_the_lock_satisfies_pyproject(requirement):
    pin = locked()[canonicalize_name(requirement.name)]
    assert pin.marker is None
    assert requirement.specifier.contains(exact(pin))


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda p: p["platform_system"])
def test_the_lock_is_closed_on_every_platform(platform):
    """What a locked package asks for is locked too, there; read from the installed metadata."""
    machine = {**default_environment(), **platform, "extra": ""}
    pins = {k: r for k, r in locked().items() if not r.marker or r.marker.evaluate(machine)}
    for name in pins.keys() & installed():
        for line in installed()[name].requires or ():
            needed = Requirement(line)
            if not needed.marker or needed.marker.evaluate(machine):
                pin = pins.get(canonicalize_name(needed.name))
                assert pin is not None, f"{name} needs {line}, which is not locked"
                assert needed.specifier.contains(exact(pin)), f"{name} needs {line}"


@pytest.mark.parametrize("name", sorted(locked()))
def test_this_environment_is_the_locked_one(name):
    pin = locked()[name]
    if not pin.marker or pin.marker.evaluate():
        assert installed()[name].version == exact(pin)


def test_conda_and_binder_get_the_lock_and_this_folder():
    *conda, pip = ENVIRONMENT["dependencies"]
    assert pip == {"pip": ["-r requirements.lock", "-e ."]}
    python = next(line for line in conda if line.startswith("python="))
    allowed = SpecifierSet(PROJECT["project"]["requires-python"])
    assert allowed.contains(python.removeprefix("python="))
    assert ENVIRONMENT["name"] == PROJECT["project"]["name"]


def test_course_py_asks_for_the_python_that_pyproject_asks_for():
    found = re.search(r"^MINIMUM_PYTHON = \((\d+), (\d+)\)", (ROOT / "course.py").read_text(), re.M)
    assert PROJECT["project"]["requires-python"] == ">={}.{}".format(*found.groups())


def test_the_version_is_written_once_and_the_same():
    import segviz

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert PROJECT["project"]["version"] == segviz.__version__ == citation["version"]
    assert f"## {segviz.__version__}" in changes


def test_no_lower_python_can_be_asked_for_by_a_locked_package():
    """soupsieve 4.1.2, for one, wants Python 3.11.5: the course must not promise 3.11.0 then."""
    lowest = PROJECT["project"]["requires-python"].removeprefix(">=") + ".0"
    for name in locked().keys() & installed():
        allowed = installed()[name].metadata["Requires-Python"] or ""
        assert SpecifierSet(allowed).contains(lowest), f"{name} wants Python {allowed}"
