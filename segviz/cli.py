"""The command line: ``segviz doctor | data | train | evaluate | build | check | grade``, and more.

Only words are read and printed here; each command's work is done by the layer it belongs to, which
is imported when the command is given, so that ``segviz --help`` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from . import __version__

Command = Callable[[argparse.Namespace], int]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 failed, 2 not understood, 130 Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        code = options.command(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("\nsegviz: interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader, `head` say, has seen enough; Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ModuleNotFoundError as error:
        if (error.name or "segviz").startswith("segviz"):
            raise
        print(f"segviz: {_missing(str(error.name))}", file=sys.stderr)
        return 1
    except Exception as error:
        if not _is_for_the_user(error):
            raise
        print(f"segviz: {error}", file=sys.stderr)
        return 1


def _missing(package: str) -> str:
    return (
        f"this command needs the package {package}, which is not installed here. "
        "Run python course.py lab once, or: pip install 'segviz[lab,build,test]'"
    )


def _is_for_the_user(error: Exception) -> bool:
    """Our own errors, and the system's (disk full, no permission), are written to be read."""
    ours = type(error).__module__.startswith("segviz.")
    return ours or isinstance(error, ValueError | TypeError | OSError)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="segviz", description="Image segmentation with convolutional networks: the course."
    )
    parser.add_argument("--version", action="version", version=f"segviz {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add(commands, "doctor", _doctor, "what works on this machine, and what to do about the rest")
    _add_data(commands)
    _add_training(commands)
    build = _add(commands, "build", _build, "make the notebooks from lectures/src, and run them")
    words = "lectures to build, or exercises/NN; all lectures and exercises by default"
    build.add_argument("names", nargs="*", metavar="NN", help=words)
    build.add_argument("--check", action="store_true", help="only compare them with their sources")
    words = "write the exercises' notebooks with solutions to DIR, outside the repository"
    build.add_argument("--solutions", metavar="DIR", help=words)
    words = "write the tree that students get to DIR: no solutions, no hidden checks"
    build.add_argument("--release", metavar="DIR", help=words)
    words = "write lectures to DIR as pages that need no kernel and no network, widgets playing"
    build.add_argument("--html", metavar="DIR", help=words)
    _add_grading(commands)
    return parser


def _add_grading(commands: Commands) -> None:
    check = _add(commands, "check", _check, "your answers under the exercise's visible checks")
    check.add_argument("notebook", metavar="NOTEBOOK")
    grade = _add(commands, "grade", _grade, "judge submissions on hidden inputs, in a sandbox")
    words = "folders, zips as Moodle and Canvas export them, or single notebooks"
    grade.add_argument("submissions", nargs="+", metavar="SUBMISSION", help=words)
    grade.add_argument("--exercise", required=True, metavar="NN")
    grade.add_argument("--out", required=True, metavar="DIR", help="results; run again to go on")
    many = grade.add_mutually_exclusive_group()
    many.add_argument("--jobs", type=int, metavar="N", help="submissions side by side")
    many.add_argument("--scheduler", metavar="ADDRESS", help="of a running Dask scheduler")
    words = "of the hidden inputs; a new secret one by default, kept in DIR"
    grade.add_argument("--seed", type=int, metavar="S", help=words)
    words = "run students' code with your rights where there is no sandbox"
    grade.add_argument("--unsandboxed", action="store_true", help=words)


def _add(commands: Commands, name: str, command: Command, words: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, description=words)
    parser.set_defaults(command=command)
    return parser


def _add_data(commands: Commands) -> None:
    words = "the real sets: which there are, where they lie, whether they are whole"
    data = commands.add_parser("data", help=words, description=words)
    actions = data.add_subparsers(metavar="ACTION", required=True)
    _add(actions, "list", _data_list, "every set: what of it is on disk, size, licence")
    fetch = _add(actions, "fetch", _data_fetch, "download a set, after its licence is shown")
    fetch.add_argument("name", metavar="SET")
    fetch.add_argument("--all", action="store_true", help="every file, not only a first handful")
    verify = _add(actions, "verify", _data_verify, "compare the files on disk with their SHA-256")
    verify.add_argument("names", nargs="*", metavar="SET", help="all sets by default")
    where = _add(actions, "where", _data_where, "the folders that are looked in")
    where.add_argument("names", nargs="*", metavar="SET", help="all sets by default")


def _add_training(commands: Commands) -> None:
    _add(commands, "recipes", _recipes, "the trainings of the course, and what each must reach")
    train = _add(commands, "train", _train, "train a recipe's networks, measure and save them")
    words = "train each network N times, from seeds 0 to N - 1; three or more tell the spread"
    train.add_argument("--seeds", type=int, default=1, metavar="N", help=words)
    words = (
        "go on from where a training of this recipe was stopped, or killed; without it the recipe "
        "begins anew, and removes what was kept"
    )
    train.add_argument("--resume", action="store_true", help=words)
    words = "begin even a recipe of a paper's own size on a CPU"
    train.add_argument("--on-cpu", action="store_true", help=words)
    words = "measure a recipe's checkpoints once more; exits with 1 if not as on the card"
    evaluate = _add(commands, "evaluate", _evaluate, words)
    for command, folder in ((train, "checkpoints"), (evaluate, None)):
        command.add_argument("name", metavar="RECIPE")
        command.add_argument("--source", choices=("auto", "real", "bundled"), default="auto")
        words = f"where the checkpoints are; {folder or 'those of the course'} by default"
        command.add_argument("--folder", default=folder, help=words)


def _doctor(options: argparse.Namespace) -> int:
    from ._doctor import examine

    return examine()


def _build(options: argparse.Namespace) -> int:
    from .grading.build import build
    from .grading.exercise_build import build_command

    if options.html:
        from .grading.export import export

        export(options.names, options.html)
        return 0
    lectures = [name for name in options.names if not name.startswith("exercises")]
    exercises = [name for name in options.names if name not in lectures]
    if options.solutions or options.release:
        lectures, exercises = [], options.names
    elif lectures or not exercises:
        build(lectures, check=options.check)
    if exercises or not lectures:
        build_command(exercises, options.check, options.solutions, options.release)
    return 0


def _check(options: argparse.Namespace) -> int:
    from .grading.check import check

    return check(options.notebook)


def _grade(options: argparse.Namespace) -> int:
    from .grading.classroom import grade_command

    return grade_command(
        options.submissions,
        options.exercise,
        options.out,
        jobs=options.jobs,
        scheduler=options.scheduler,
        seed=options.seed,
        unsandboxed=options.unsandboxed,
    )


def _data_list(options: argparse.Namespace) -> int:
    from textwrap import shorten

    from .datasets.registry import list_sets

    print(f"{'set':20} {'on disk':>12} {'MB':>7}  licence")
    for status in list_sets():
        entry = status.dataset
        here = f"{len(entry.files) - status.missing} of {len(entry.files)}"
        licence = shorten(entry.licence, 60, placeholder=" …")
        print(f"{entry.name:20} {here:>12} {entry.bytes / 1e6:7.1f}  {licence}")
    return 0


def _data_fetch(options: argparse.Namespace) -> int:
    from .datasets.registry import fetch

    result = fetch(options.name, everything=options.all)
    print(f"{options.name}: {result.downloaded} files downloaded, {result.present} were on disk.")
    if result.left_out:
        print(f"{result.left_out} more with: segviz data fetch {options.name} --all")
    return 0


def _data_verify(options: argparse.Namespace) -> int:
    from .datasets.registry import list_sets, verify

    damaged = 0
    for name in options.names or [status.dataset.name for status in list_sets()]:
        result = verify(name)
        damaged += len(result.damaged)
        counts = f"{len(result.good)} good, {len(result.damaged)} damaged"
        print(f"{name:20} {counts}, {len(result.missing)} not on disk", flush=True)
        for path in result.damaged:
            print(f"  damaged: {path}")
    return 1 if damaged else 0


def _data_where(options: argparse.Namespace) -> int:
    from .datasets.registry import list_sets, where

    statuses = [where(name) for name in options.names] or list_sets()
    print(f"$SEGVIZ_DATA  {statuses[0].folders.local or 'not set'}")
    print(f"cache         {statuses[0].folders.cache}")
    for status in statuses:
        counts = f"{status.local} in $SEGVIZ_DATA, {status.cached} in the cache"
        print(f"{status.dataset.name:20} {counts}, {status.missing} missing")
    return 0


def _recipes(options: argparse.Namespace) -> int:
    from .training.recipes import list_recipes

    for recipe in list_recipes():
        print(recipe)
        for name, network in recipe.networks.items():
            goals = [f"{metric} >= {score}" for metric, score in network.at_least.items()]
            goals += [f"{metric} <= {score}" for metric, score in network.at_most.items()]
            print(f"  {name:24} {', '.join(goals)}".rstrip())
    return 0


def _train(options: argparse.Namespace) -> int:
    from .training.recipes import train

    cards = train(
        options.name,
        source=options.source,
        seeds=range(options.seeds),
        folder=options.folder,
        resume=options.resume,
        on_cpu=options.on_cpu,
    )
    for card in cards:
        print(card)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    """Exit code 1 where a score is not as on the card, or misses its recipe's goal."""
    from .training.recipes import evaluate

    results = evaluate(options.name, source=options.source, folder=options.folder)
    for result in results:
        print(result)
    return 0 if all(not result.missed and result.as_on_card for result in results) else 1
