"""Two processes under torchrun train as one process with twice the batch does."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest
import torch
from torch import nn

from segviz.training import fit
from segviz.training.optimizers import sgd
from segviz.training.processes import share

# Without batch norm, which sees the share of each process by itself.
COMMON = """
import json, os, sys
import torch
from torch import nn
from segviz.training import fit
from segviz.training.optimizers import sgd

def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1))

drawn = []
def draw(generator):
    images = torch.rand((3, 1, 8, 8), generator=generator)
    drawn.append(images.sum().item())
    return images, (images[:, 0, 1:-1, 1:-1] > 0.5).long()

SETTINGS = dict(
    steps=6, learning_rate=0.1, optimizer=sgd(0.9), schedule="poly", seed=3, bfloat16=False,
    progress=False, on="cpu",
)
"""


def torchrun(folder, script):
    """Run a script in two processes; each writes what it found to a file of its own."""
    path = folder / "script.py"
    path.write_text(COMMON + textwrap.dedent(script))
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    running = subprocess.Popen(
        [*command, "--master-port", "0", "--standalone", str(path), str(folder)],
        env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        errors = running.communicate(timeout=120)[1]
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
    assert running.returncode == 0, errors[-3000:]
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


TWO = """
folder, rank = sys.argv[1], int(os.environ["RANK"])
state = folder + "/a.state"
model = network()
history = fit(model, draw, nn.CrossEntropyLoss(), **SETTINGS)
weights = torch.cat([w.detach().flatten() for w in model.parameters()]).tolist()
first = list(drawn)

stopped = network()
short = fit(stopped, draw, nn.CrossEntropyLoss(), state=state, save_every=1,
            on_step=lambda step, loss: rank == 1 and step == 2, **SETTINGS)
resumed = network()
fit(resumed, draw, nn.CrossEntropyLoss(), state=state, **SETTINGS)
again = torch.cat([w.detach().flatten() for w in resumed.parameters()]).tolist()

from segviz.training import recipes
import dataclasses
todo = recipes.recipe("patch_to_fcn")
recipes._RECIPES["patch_to_fcn"] = dataclasses.replace(todo, size=(64, 64), steps=2, batch_size=8)
cards = recipes.train("patch_to_fcn", source="bundled", folder=folder, progress=False)

found = dict(weights=weights, drawn=first, steps=len(short.loss), again=again, cards=len(cards))
json.dump(found, open(f"{folder}/{rank}.json", "w"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("two")


@pytest.fixture(scope="module")
def two(folder):
    """What both found; it takes a while to start them, so they do it all in one go."""
    return torchrun(folder, TWO)


def test_two_processes_are_one_with_twice_the_batch(two):
    space = {}
    exec(COMMON, space)
    generators = [torch.Generator().manual_seed(3 + 1_000_003 * rank) for rank in range(2)]

    def both(_):
        images, targets = zip(*map(space["draw"], generators), strict=True)
        return torch.cat(images), torch.cat(targets)

    model = space["network"]()
    fit(model, both, nn.CrossEntropyLoss(), **space["SETTINGS"])
    weights = torch.cat([weight.detach().flatten() for weight in model.parameters()])
    for one in two:
        assert torch.allclose(torch.tensor(one["weights"]), weights, atol=1e-6)
    assert two[0]["weights"] == two[1]["weights"]


def test_each_process_draws_its_own_share(two):
    first, second = (one["drawn"] for one in two)
    assert len(first) == len(second) == 6
    assert not set(first) & set(second)


def test_all_stop_at_the_step_at_which_one_is_told_to(two):
    assert [one["steps"] for one in two] == [3, 3]


def test_a_team_goes_on_bit_for_bit(two):
    for one in two:
        assert one["again"] == one["weights"]


def test_the_state_of_a_team_is_not_that_of_one_process(two, folder):
    space = {}
    exec(COMMON, space)
    with pytest.raises(ValueError, match="processes=2, but this one has processes=1"):
        fit(space["network"](), space["draw"], nn.CrossEntropyLoss(), state=folder / "a.state",
            **space["SETTINGS"])  # fmt: skip


def test_a_recipe_is_shared_and_saved_once(two, folder):
    assert [one["cards"] for one in two] == [1, 0]
    names = sorted(path.name for path in folder.glob("patch*"))
    assert names == ["patch_to_fcn-stand-in.json", "patch_to_fcn-stand-in.safetensors"]


def test_a_batch_that_cannot_be_shared_out():
    assert share(6, 3) == 2
    with pytest.raises(ValueError, match="divides 8"):
        share(8, 3)


def test_sgd_is_torchs():
    weight = nn.Parameter(torch.ones(2))
    made = sgd(0.9, 5e-4)([weight], 0.1)
    assert made.defaults["momentum"] == 0.9
    assert made.defaults["weight_decay"] == 5e-4
