"""Jobs on dask.distributed, one per submission: workers of this machine, or of any other."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ._worker import failed, judge_submission
from .exercise import Exercise
from .intake import Submission

__all__ = ["judged"]

SECONDS_TO_CONNECT = 30
_AHEAD = 4


def judged(
    exercise: Exercise,
    drawn: dict[str, Any],
    waiting: Sequence[Submission],
    jobs: int | None,
    scheduler: str | None,
    sandboxed: bool,
) -> Iterator[tuple[Submission, dict[str, Any]]]:
    """Judge submissions side by side; results come as they are there, in any order.

    Args:
        exercise: what they answer.
        drawn: from ``_reference.draw``.
        waiting: from ``intake.collect``; a few are sent ahead, so that memory stays flat.
        jobs: how many side by side; by default one per two processors.
        scheduler: address of a running Dask scheduler instead.
        sandboxed: False runs students' code with the grader's rights.
    """
    from distributed import as_completed

    with _cluster(jobs, scheduler, len(waiting)) as client:
        shared = client.scatter([exercise, drawn], broadcast=True)
        todo = iter(waiting)
        sent: dict[Any, Submission] = {}

        def send() -> Any:
            if (one := next(todo, None)) is None:
                return None
            job = client.submit(
                judge_submission, *shared, one.content, sandboxed, pure=False, retries=3
            )
            sent[job] = one
            return job

        threads = max(1, sum(client.nthreads().values()))
        queue = as_completed([job for _ in range(threads * _AHEAD) if (job := send())])
        for job in queue:
            one = sent.pop(job)
            if job.status == "finished":
                yield one, job.result()
            else:
                yield one, failed(str(job.exception()))
            if following := send():
                queue.add(following)


@contextmanager
def _cluster(jobs: int | None, scheduler: str | None, count: int) -> Iterator[Any]:
    """A Dask client: of the scheduler named, or of workers on this machine."""
    import dask
    from distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.ERROR)
    quiet = {"distributed.worker.daemon": False, "distributed.logging.distributed": "error"}
    quiet["distributed.admin.large-graph-warning-threshold"] = "1GB"
    with dask.config.set(quiet):
        if scheduler:
            with _connected(scheduler) as client:
                yield client
            return
        workers = min(jobs or _default_jobs(), count)
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,
                dashboard_address="127.0.0.1:0",  # None means one on a fixed port, for everybody
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client


def _connected(scheduler: str) -> Any:
    """A client of a scheduler that has workers."""
    from distributed import Client

    try:
        client = Client(scheduler, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        words = "Name a running one, such as tcp://192.168.0.7:8786"
        raise OSError(f"--scheduler {scheduler}: {error}. {words}") from None
    try:
        client.wait_for_workers(1, timeout=SECONDS_TO_CONNECT)
    except TimeoutError:
        client.close()
        words = f"Start one with: dask worker {scheduler}"
        raise OSError(f"--scheduler {scheduler} has no worker. {words}") from None
    return client


def _default_jobs() -> int:
    return max(1, (os.cpu_count() or 2) // 2)
