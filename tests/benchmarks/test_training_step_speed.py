"""A training step against a plain loop in float32: U-Net of width 16 with 5 levels.

The padded form with batch norm on small pictures and large ones, and the paper's on its own size.

The plain loop is what one writes first: default layout, no autocast, AdamW, loss.backward(). Both
train the same network on the same batch. Peak memory is that of a process of its own for each.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from segviz.losses import cross_entropy
from segviz.models import create
from segviz.training import fit

STEPS = 2


PADDED = {"in_channels": 3, "num_classes": 11, "padded": True}
PAPER = {"in_channels": 1, "num_classes": 2}
CASES = {
    "padded, 8 x 3 x 128 x 128": (PADDED, (8, 3, 128, 128), "0.45"),
    "padded, 2 x 3 x 512 x 512": (PADDED, (2, 3, 512, 512), "0.36"),
    "paper, 2 x 1 x 572 x 572": (PAPER, (2, 1, 572, 572), "0.36"),
}


def network(variant=PADDED):
    return create("unet", seed=0, width=16, depth=4, **variant)


def batch(variant=PADDED, shape=(8, 3, 128, 128)):
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    classes = variant["num_classes"]
    target = (images[:, 0] * classes).long().clamp(max=classes - 1)
    margin = 0 if variant is PADDED else 92  # what no padding leaves
    return images, target[:, margin : shape[2] - margin, margin : shape[3] - margin]


def ours(model, images, target):
    history = fit(model, lambda generator: (images, target), cross_entropy, steps=STEPS,
                  learning_rate=1e-3, progress=False)  # fmt: skip
    return history.loss


def plain(model, optimizer, images, target):
    model.train()
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("case", CASES)
def test_training_step(against, case):
    variant, shape, goal = CASES[case]
    images, target = batch(variant, shape)
    model, peer = network(variant), network(variant)
    optimizer = torch.optim.AdamW(peer.parameters(), 1e-3)
    first = [
        ours(network(variant), images, target)[0],
        plain(peer, optimizer, images, target)[0],
    ]
    assert first[0] == pytest.approx(first[1], rel=0.01)  # bfloat16 has 8 bits
    against(
        lambda: ours(model, images, target),
        lambda: plain(peer, optimizer, images, target),
        goal,
        rounds=5,
    )


# Linux alone tells a process its peak since it was last asked to forget it.
MEMORY = """
import sys, torch._dynamo
sys.path.insert(0, {folder!r})
from test_training_step_speed import *

def held(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))

images, target = batch()
model = network()
open("/proc/self/clear_refs", "w").write("5")
before = held("VmRSS")
{step}
print(held("VmHWM") - before)
"""


def peak(folder, step):
    """KiB that the steps add to what the process held before them, at their peak."""
    code = MEMORY.format(folder=folder, step=step)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_memory(benchmark, request, capsys):
    folder = str(request.path.parent)
    optimizer = "torch.optim.AdamW(model.parameters(), 1e-3)"
    theirs = peak(folder, f"plain(model, {optimizer}, images, target)")
    found = benchmark.pedantic(lambda: peak(folder, "ours(model, images, target)"), rounds=1)
    assert min(found, theirs) > 0
    words = f"ours {found / 1024:.0f} MiB, plain {theirs / 1024:.0f} MiB"
    with capsys.disabled():
        print(f"\npeak memory of a step: {words}, ratio {found / theirs:.2f} (goal 0.70)")
