"""``segviz doctor`` reports whole, whatever is broken, and gives a remedy with every finding."""

from __future__ import annotations

import builtins
import subprocess
import sys

import pytest

from segviz import _doctor


@pytest.fixture
def report(capsys):
    def examine() -> tuple[int, str]:
        code = _doctor.examine()
        return code, capsys.readouterr().out

    return examine


@pytest.fixture
def without(monkeypatch):
    """Make a package impossible to import."""

    def hide(package: str) -> None:
        real = builtins.__import__

        def guarded(name, *arguments, **options):
            if name.split(".")[0] == package:
                raise ModuleNotFoundError(f"No module named {package!r}", name=package)
            return real(name, *arguments, **options)

        monkeypatch.setattr(builtins, "__import__", guarded)

    return hide


def test_the_locked_environment_is_ready_for_the_course(report):
    code, out = report()
    assert code == 0, out
    assert out.endswith("Ready for the course.\n")
    for topic in ("python", "packages", "device", "memory", "disk", "data", "widgets", "kernel"):
        assert f"  {topic} " in out


@pytest.mark.parametrize("package", ["torch", "psutil", "jupyter_core"])
def test_a_missing_package_leaves_the_rest_of_the_report_whole(package, without, report):
    without(package)
    code, out = report()
    assert code == 1
    assert f"No module named '{package}'" in out
    assert "run: python course.py lab" in out
    assert "node" in out  # the last finding


def test_a_missing_and_an_old_package_are_named(monkeypatch, report):
    versions = {"torch": "1.0", "anywidget": ""}
    real = _doctor._version
    monkeypatch.setattr(_doctor, "_version", lambda name: versions.get(name, real(name)))
    code, out = report()
    assert code == 1
    assert "anywidget is missing" in out
    assert "torch 1.0 is not >=2.14" in out


def test_widgets_without_their_half_in_jupyterlab_are_broken(monkeypatch, tmp_path):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda: [str(tmp_path)])
    findings = list(_doctor._widgets())
    assert [finding.broken for finding in findings] == [True, True]
    assert "JupyterLab has no extension for it here" in findings[0].words


def test_a_kernel_of_another_python_is_noticed(monkeypatch, tmp_path):
    kernel = tmp_path / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text('{"argv": ["/elsewhere/bin/python3"], "display_name": "x", "language": "x"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    (finding,) = _doctor._kernel()
    assert "/elsewhere/bin/python3" in finding.words
    assert finding.remedy


def test_a_full_disk_and_a_full_memory_get_a_remedy(monkeypatch, tmp_path):
    import psutil

    monkeypatch.setenv("SEGVIZ_CACHE", str(tmp_path / "not" / "yet"))
    usage = _doctor.shutil.disk_usage(tmp_path)._replace(free=10**8)
    monkeypatch.setattr(_doctor.shutil, "disk_usage", lambda path: usage)
    (disk,) = _doctor._disk()
    assert disk.remedy == "free 2 GB"
    memory = psutil.virtual_memory()._replace(available=10**9)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    (finding,) = _doctor._memory()
    assert "close other programs" in finding.remedy


def test_developers_programs_are_only_a_note(monkeypatch):
    monkeypatch.setattr(_doctor.shutil, "which", lambda name: None)
    findings = list(_doctor._for_developers())
    assert [finding.broken for finding in findings] == [False, False]
    assert all(finding.remedy.startswith("only developers need it") for finding in findings)


def test_it_answers_on_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "segviz", "doctor"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
