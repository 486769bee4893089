"""Recipe ``sliding_window_isbi2012``: the network N4 as its paper trained it, on a GPU.

From the paper: windows of 95 x 95 around as many membrane pixels as others, turned and mirrored,
plain gradient descent; a correction afterwards for having seen both equally often. Learning rate,
batch and steps are ours: about 25 times as many windows as there are membrane pixels. Without the
paper's foveation and without its mean over four networks.
"""

from __future__ import annotations

from functools import partial

from segviz.losses import cross_entropy
from segviz.training.optimizers import sgd
from segviz.training.patch_to_fcn import calibrate, draw, measure, prepare
from segviz.training.recipe import Network, Recipe

PATCH_SIZE = 95

RECIPE = Recipe(
    name="sliding_window_isbi2012",
    title="The sliding window's network in its paper's size",
    set="em_isbi2012",
    size=None,
    networks={
        "sliding_window_isbi2012": Network("sliding_window", {"in_channels": 1, "num_classes": 2})
    },
    loss=cross_entropy,
    augmentation="quarter turns and mirror images",
    steps=200_000,
    batch_size=256,
    learning_rate=1e-2,
    schedule="poly",
    budget=None,
    prepare=partial(prepare, patch_size=PATCH_SIZE),
    draw=draw,
    measure=measure,
    finish=calibrate,
    optimizer=sgd(0.0),
    save_every=1000,
    needs_gpu="200,000 steps of 0.09 T multiply-adds would take a CPU core five days. "
    "patch_to_fcn has a small network for it.",
)
