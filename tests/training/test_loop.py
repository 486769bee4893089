"""The loop against a loop written out by hand, and what a student may do to it."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from segviz.training import device, fit
from segviz.training.devices import has_bfloat16

QUIET = {"bfloat16": False, "progress": False, "on": "cpu"}


def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 1)
    return nn.Sequential(*layers)


def draw(generator):
    images = torch.rand((3, 1, 8, 8), generator=generator)
    return images, (images[:, 0, 1:-1, 1:-1] > 0.5).long()


@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_as_written_out_by_hand(schedule):
    ours, theirs = network(), network()
    history = fit(
        *(ours, draw, nn.CrossEntropyLoss()),
        **{"steps": 12, "learning_rate": 0.01, "schedule": schedule, "seed": 5, **QUIET},
    )
    optimizer = torch.optim.AdamW(theirs.parameters(), 0.01, weight_decay=0.01)
    if schedule == "one_cycle":
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=12)
    generator = torch.Generator().manual_seed(5)
    for loss in history.loss:
        images, target = draw(generator)
        value = nn.functional.cross_entropy(theirs(images), target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        if schedule == "one_cycle":
            rate.step()
        assert loss == pytest.approx(value.item(), abs=1e-4)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-3)
    assert len(history.loss) == 12
    assert history.device == "cpu"
    assert history.seconds > 0
    assert not ours.training


@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_seed_gives_the_same_weights_bit_for_bit(bfloat16):
    def trained(seed):
        model = nn.Sequential(*network(), nn.Dropout(0.5))
        torch.manual_seed(seed + 7)  # what stands in torch's own generator must not matter
        options = {**QUIET, "bfloat16": bfloat16}
        fit(model, draw, nn.CrossEntropyLoss(), steps=5, learning_rate=0.1, seed=seed, **options)
        return torch.cat([weight.detach().flatten() for weight in model.parameters()])

    assert torch.equal(trained(1), trained(1))
    assert not torch.equal(trained(1), trained(2))


def test_grouped_atrous_convolutions_are_trained_in_float32():
    """In bfloat16 their gradient has memory in it that was never written to."""
    images = torch.rand((2, 8, 24, 32), generator=torch.Generator().manual_seed(0))
    target = torch.zeros((2, 24, 32), dtype=torch.int64)

    def weights(bfloat16):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8))
        fit(model, lambda generator: (images, target), nn.CrossEntropyLoss(), steps=2,
            learning_rate=0.1, bfloat16=bfloat16, progress=False, on="cpu")  # fmt: skip
        return model[0].weight

    for wanted in (None, True):
        assert torch.equal(weights(wanted), weights(False))


def test_the_generators_of_torch_are_left_as_they_were():
    model = nn.Sequential(*network(), nn.Dropout(0.5))
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    fit(model, draw, nn.CrossEntropyLoss(), steps=2, learning_rate=0.1, **QUIET)
    assert torch.equal(torch.rand(2), expected)


def test_it_can_be_watched_and_stopped():
    seen = []

    def on_step(step, loss):
        seen.append((step, loss))
        return step == 3

    history = fit(
        *(network(), draw, nn.CrossEntropyLoss()),
        **{"steps": 50, "learning_rate": 0.01, "on_step": on_step, **QUIET},
    )
    assert [step for step, _ in seen] == [0, 1, 2, 3]
    assert [loss for _, loss in seen] == history.loss


def test_ctrl_c_leaves_the_bar_closed_and_is_passed_on():
    def interrupted(generator):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(network(), interrupted, nn.CrossEntropyLoss(), steps=3, learning_rate=0.1, **QUIET)


def test_frozen_weights_stay():
    model = network()
    model[0].requires_grad_(False)
    before = model[0].weight.clone()
    fit(model, draw, nn.CrossEntropyLoss(), steps=3, learning_rate=0.1, **QUIET)
    assert torch.equal(model[0].weight, before)


def test_several_inputs_reach_the_network_together():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(torch.zeros(()))

        def forward(self, maps):
            return self.factor * (maps[0] + maps[1])

    def two(generator):
        x = torch.rand((4, 2), generator=generator)
        return [x, x], 6 * x

    model = Sum()
    fit(model, two, nn.functional.mse_loss, steps=300, learning_rate=0.1, **QUIET)
    assert model.factor.item() == pytest.approx(3, abs=0.05)


def test_a_loss_that_runs_away_is_named():
    def bad(generator):
        return torch.full((1, 1, 8, 8), math.nan), torch.zeros((1, 6, 6), dtype=torch.int64)

    with pytest.raises(ValueError, match="smaller learning_rate"):
        fit(network(), bad, nn.CrossEntropyLoss(), steps=3, learning_rate=0.1, **QUIET)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps"),
        ({"steps": 1.5}, "steps"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"learning_rate": math.nan}, "learning_rate"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"weight_decay": None}, "weight_decay"),
        ({"schedule": "cosine"}, "Use constant or one_cycle"),
        ({"seed": -1}, "seed"),
    ],
)
def test_illegal_settings(options, words):
    given = {"steps": 1, "learning_rate": 0.1, **QUIET, **options}
    with pytest.raises((ValueError, TypeError), match=words):
        fit(network(), draw, nn.CrossEntropyLoss(), **given)


@pytest.mark.parametrize("name", ["learning_rate", "weight_decay"])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16, Fraction])
def test_settings_may_be_real_numbers_of_any_kind(name, kind):
    def weights(value):
        model = network()
        given = {"steps": 3, "learning_rate": 0.1, **QUIET, name: value}
        fit(model, draw, nn.CrossEntropyLoss(), **given)
        return torch.cat([weight.detach().flatten() for weight in model.parameters()])

    assert torch.equal(weights(kind(0.25)), weights(0.25))


@pytest.mark.parametrize("value", [True, np.True_, 10**400, np.float32("inf"), np.float16("nan")])
@pytest.mark.parametrize("name", ["learning_rate", "weight_decay"])
def test_settings_that_are_no_finite_number(name, value):
    given = {"steps": 1, "learning_rate": 0.1, **QUIET, name: value}
    with pytest.raises((ValueError, TypeError), match=rf"^{name}=.* finite number .*Use 1e-3\.$"):
        fit(network(), draw, nn.CrossEntropyLoss(), **given)


def test_device_is_one_that_computes():
    assert torch.ones(2, device=device()).sum().item() == 2
    assert has_bfloat16(torch.device("mps")) is False
