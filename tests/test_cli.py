"""The command line: exit codes, one-line errors, and what must not be imported to answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from segviz import __version__, cli

COMMANDS = ("doctor", "data", "build", "check", "grade", "train", "evaluate", "recipes")


def segviz(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "segviz", *arguments], capture_output=True, text=True, **options
    )


def test_module_and_console_script_are_the_same_program():
    script = os.path.join(os.path.dirname(sys.executable), "segviz")
    by_script = subprocess.run([script, "--version"], capture_output=True, text=True)
    assert by_script.stdout == segviz("--version").stdout == f"segviz {__version__}\n"


def test_help_names_every_command_and_imports_nothing_heavy():
    code = (
        "import sys; from segviz.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'matplotlib', 'tqdm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.endswith("[]\n")
    assert all(f"\n    {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize(
    "arguments", [[], ["data"], ["data", "fetch"], ["nonsense"], ["build", "-x"]]
)
def test_what_is_not_understood_exits_2_with_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("usage: segviz")


def test_an_error_of_ours_is_one_message_without_a_traceback():
    done = segviz("data", "where", "camvit")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("segviz: ")
    assert "camvid" in done.stderr
    assert "Traceback" not in done.stderr


def _raising(error: BaseException):
    def command(options):
        raise error

    return lambda: SimpleNamespace(parse_args=lambda arguments: SimpleNamespace(command=command))


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "segviz: interrupted.\n"),
        (OSError(28, "No space left on device"), 1, "segviz: [Errno 28] No space left on device\n"),
        (
            ModuleNotFoundError("No module named 'jupytext'", name="jupytext"),
            1,
            "segviz: this command needs the package jupytext, which is not installed here. "
            "Run python course.py lab once, or: pip install 'segviz[lab,build,test]'\n",
        ),
    ],
)
def test_what_ends_a_command_is_told_in_a_line(error, code, words, monkeypatch, capsys):
    monkeypatch.setattr(cli, "_parser", _raising(error))
    assert cli.main([]) == code
    assert capsys.readouterr().err.lstrip("\n") == words


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("1 / 0"), ModuleNotFoundError(name="segviz.x")]
)
def test_a_fault_in_the_program_keeps_its_traceback(error, monkeypatch):
    monkeypatch.setattr(cli, "_parser", _raising(error))
    with pytest.raises(type(error)):
        cli.main([])


def test_a_reader_that_has_seen_enough_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "segviz", "data", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0


def test_ctrl_c_ends_a_command_at_once(tmp_path):
    source = tmp_path / "lectures" / "src" / "01_sleep.py"
    source.parent.mkdir(parents=True)
    source.write_text("# %%\nimport time, pathlib\npathlib.Path('here').touch()\ntime.sleep(60)\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "segviz", "build"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None and not (tmp_path / "lectures" / "here").exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=50)[1] == "\nsegviz: interrupted.\n"
    assert process.returncode == 130
    assert not (tmp_path / "lectures" / "01_sleep.ipynb").exists()


def test_data_lists_every_set_and_says_where_it_looks(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SEGVIZ_CACHE", str(tmp_path))
    monkeypatch.delenv("SEGVIZ_DATA", raising=False)
    assert cli.main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:4] == ["camvid", "0", "of", "310"]
    assert cli.main(["data", "where", "camvid"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[:2] == ["$SEGVIZ_DATA  not set", f"cache         {tmp_path}"]
    assert "310 missing" in out


def test_verify_fails_on_a_damaged_file_and_names_it(monkeypatch, tmp_path, capsys):
    from segviz.datasets.registry import dataset

    monkeypatch.setenv("SEGVIZ_CACHE", str(tmp_path))
    monkeypatch.delenv("SEGVIZ_DATA", raising=False)
    assert cli.main(["data", "verify", "quokka"]) == 0
    path = tmp_path / next(iter(dataset("quokka").files))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a picture")
    assert cli.main(["data", "verify", "quokka"]) == 1
    assert f"damaged: {path}" in capsys.readouterr().out


def test_recipes_tell_what_each_network_must_reach(capsys):
    assert cli.main(["recipes"]) == 0
    out = capsys.readouterr().out
    assert "camvid_ladder: " in out
    assert "  camvid_fcn16s            mean_iou >= 0.44\n" in out


def test_train_and_evaluate_hand_on_what_was_asked(monkeypatch, capsys):
    from segviz.training import recipes

    asked = []
    monkeypatch.setattr(recipes, "train", lambda *a, **k: asked.append((a, k)) or ["the card"])
    result = SimpleNamespace(missed=("mean_iou 0.3 is below 0.4",))
    monkeypatch.setattr(recipes, "evaluate", lambda *a, **k: asked.append((a, k)) or [result])
    assert cli.main(["train", "camvid_ladder", "--seeds", "3", "--source", "bundled"]) == 0
    assert capsys.readouterr().out == "the card\n"
    assert cli.main(["evaluate", "camvid_ladder"]) == 1  # a goal is missed
    train = {"source": "bundled", "seeds": range(3), "folder": "checkpoints"}
    train |= {"resume": False, "on_cpu": False}
    evaluate = {"source": "auto", "folder": None}
    assert asked == [(("camvid_ladder",), train), (("camvid_ladder",), evaluate)]


@pytest.mark.parametrize("as_on_card", [True, False])
def test_evaluate_fails_where_a_score_is_not_as_on_the_card(monkeypatch, capsys, as_on_card):
    from segviz.training import recipes

    results = [SimpleNamespace(missed=(), as_on_card=one) for one in (True, as_on_card)]
    monkeypatch.setattr(recipes, "evaluate", lambda *a, **k: results)
    assert cli.main(["evaluate", "camvid_ladder"]) == (0 if as_on_card else 1)


def test_an_unknown_recipe_is_answered_with_those_there_are(capsys):
    assert cli.main(["train", "camvid"]) == 1
    assert "camvid_ladder" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_told_in_a_line(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("kept")
    assert cli.main(["train", "patch_to_fcn", "--source", "bundled", "--folder", str(file)]) == 1
    words = f"segviz: folder={str(file)!r} needs a folder to write to, but "
    error = capsys.readouterr().err
    assert error.startswith(words)
    assert error.endswith(
        "(a file is in the way). Use a folder of your own, such as 'checkpoints'.\n"
    )
