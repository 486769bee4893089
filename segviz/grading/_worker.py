"""One Dask worker's side: a sandbox that stays, and a process of its own for every submission.

The processes that judge are forks of one that has pytest and nbval loaded; whatever a submission
does to its judge ends with it. What the judge then says is read as text, never as objects.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from typing import Any

from ._confined import confine
from ._temporary import temporary_folder
from .exercise import Exercise
from .sandbox import KernelServer

SECONDS_FOR_A_SUBMISSION = 600
LONGEST_RESULT = 10_000_000
_PRELOADED = ("segviz.grading.run", "segviz.grading._worker")
Drawn = dict[str, dict[str, Any]]
_servers: dict[str, tuple[AbstractContextManager[KernelServer], KernelServer]] = {}
_lock = threading.Lock()


def judge_submission(
    exercise: Exercise, drawn: Drawn, content: bytes, sandboxed: bool
) -> dict[str, Any]:
    """Grade one file in a process of its own; an accident there is an error, never a mark."""
    for _ in range(2):
        address = _server(exercise).address if sandboxed else ""
        result = _in_own_process(exercise, drawn, content, address)
        if result["status"] != "error":
            break
        if sandboxed:
            _forget(exercise)
    return result


def _in_own_process(
    exercise: Exercise, drawn: Drawn, content: bytes, address: str
) -> dict[str, Any]:
    # Dask's nannies start workers as daemons, which may have no children; ours end before they do.
    multiprocessing.current_process().daemon = False
    method = "forkserver" if sys.platform == "linux" else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(list(_PRELOADED))
    ours, theirs = context.Pipe(duplex=False)
    folder = temporary_folder("own")
    process = context.Process(  # type: ignore[attr-defined]
        target=_judge, args=(theirs, exercise, drawn, content, address, folder), daemon=True
    )
    process.start()
    theirs.close()
    try:
        if ours.poll(SECONDS_FOR_A_SUBMISSION):
            return dict(json.loads(ours.recv_bytes(LONGEST_RESULT)))  # no pickle: it may be theirs
        return failed("it took too long")
    except (EOFError, OSError, ValueError):
        return failed("the process that judged it ended, or told nothing that can be read")
    finally:
        process.kill()
        process.join()
        ours.close()
        shutil.rmtree(folder, ignore_errors=True)


def _judge(
    answer: Connection,
    exercise: Exercise,
    drawn: Drawn,
    content: bytes,
    address: str,
    folder: str,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us, and ends us
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # nobody would read the result
    from .run import grade_one

    if address:  # without a sandbox it starts kernels itself
        confine(folder)
    try:
        began = time.process_time()
        result = grade_one(exercise, drawn, content, address)
        result["grader_cpu_seconds"] = round(time.process_time() - began, 3)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        result = failed(f"{type(error).__name__}: {error} ({place.name})")
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        answer.send_bytes(json.dumps(result).encode())
    os._exit(0)


def failed(words: str) -> dict[str, Any]:
    """A result that is the grader's fault, and that is not kept."""
    notes = [f"The grader failed: {words}. Run the same command again."]
    return {
        "status": "error",
        "points": {},
        "total": 0.0,
        "probes": [],
        "notes": notes,
        "seconds": 0,
    }


def _server(exercise: Exercise) -> KernelServer:
    """This worker's sandbox for an exercise, started when first asked for."""
    with _lock:
        known = _servers.get(exercise.stem)
        if known and known[1].process.poll() is None:
            return known[1]
        starting = KernelServer.start(_modules(exercise), exercise.settings.withhold)
        _servers[exercise.stem] = (starting, starting.__enter__())
        return _servers[exercise.stem][1]


def _forget(exercise: Exercise) -> None:
    with _lock:
        if known := _servers.pop(exercise.stem, None):
            known[0].__exit__(None, None, None)


@atexit.register
def _close() -> None:
    for starting, _ in _servers.values():
        starting.__exit__(None, None, None)
    _servers.clear()


def _modules(exercise: Exercise) -> list[str]:
    """What every kernel would load: the settings' list, and what the set-up cells import."""
    import ast

    names = ["segviz.exercises._probe", *exercise.settings.preload]
    for cell in exercise.setup:
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names += [node.module]
                if node.module == "segviz.exercises":
                    names += [f"{node.module}.{alias.name}" for alias in node.names]
    return list(dict.fromkeys(names))
