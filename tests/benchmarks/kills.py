"""Kill a recipe's training at random moments and resume it, until it is done; then compare.

    python tests/benchmarks/kills.py [--kills 20] [--source real]

A short form of the recipe em_unet runs once undisturbed and once under SIGKILL, each time after it
has written at least one state more. The weights of both must be the same files, byte for byte.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import multiprocessing
import random
import signal
import tempfile
import time
from pathlib import Path

STEPS, SAVE_EVERY = 150, 1


def child(folder: str, source: str) -> None:
    """Train, or go on."""
    from segviz.training import recipes

    todo = recipes.recipe("em_unet")
    recipes._RECIPES["em_unet"] = dataclasses.replace(
        todo, size=(128, 128), steps=STEPS, batch_size=1, save_every=SAVE_EVERY
    )
    recipes.train("em_unet", source=source, folder=folder, resume=True, progress=False)


def states(folder: Path) -> dict[str, int]:
    """When each state was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.state")}


def finish(context, folder: Path, source: str, kills: int, chance: random.Random) -> int:
    """Start the training until it comes to its end, killing it so many times; return how many."""
    done = 0
    while True:
        before = states(folder)
        running = context.Process(target=child, args=(str(folder), source))
        running.start()
        if done < kills:
            while running.is_alive() and states(folder) == before:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.4))
            running.kill()
        running.join()
        if running.exitcode == -signal.SIGKILL:
            done += 1
            print(f"killed {done} of {kills}; {', '.join(states(folder))}", flush=True)
        elif running.exitcode == 0:
            return done
        else:
            raise SystemExit(f"a training ended with exit code {running.exitcode}")


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of weights."""
    files = sorted(folder.glob("*.safetensors"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--source", default="bundled")
    kills, source = vars(parser.parse_args()).values()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["segviz.training.recipes", "torch._dynamo"])
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        finish(context, Path(one), source, 0, random.Random(0))
        survived = finish(context, Path(other), source, kills, random.Random(1))
        same = digests(Path(one)) == digests(Path(other))
        kept = (".json", ".safetensors")
        left = [path.name for path in Path(other).iterdir() if path.suffix not in kept]
    print(f"{survived} kills; weights {'identical' if same else 'DIFFER'}; files left over: {left}")
    raise SystemExit(0 if same and not left else 1)


if __name__ == "__main__":
    main()
