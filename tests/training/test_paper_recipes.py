"""The papers' own recipes: refused on a CPU, but ready: their first steps at a small width."""

import dataclasses

import pytest
import torch

from segviz.datasets import load
from segviz.losses import cross_entropy
from segviz.models import create
from segviz.training import fit, list_recipes, unet_isbi2012
from segviz.training import recipes as recipes_module
from segviz.training.optimizers import divided, sgd
from segviz.training.recipes import train
from segviz.training.segnet_camvid import CLASS_WEIGHTS

PAPERS = {recipe.name: recipe for recipe in list_recipes() if recipe.needs_gpu}
# What makes a network small, and the size that its pictures are brought to.
SMALL = {
    "sliding_window_isbi2012": ({"width": 2, "hidden": 4}, (128, 128)),
    "fcn8s_camvid": ({"width": 1, "pretrained": False}, (64, 96)),
    "segnet_camvid": ({"width": 2, "pretrained": False}, (64, 96)),
    "unet_isbi2012": ({"width": 1}, (512, 512)),
    "vnet_hippocampus": ({"width": 1, "depth": 2}, None),
    "deeplabv2_camvid": ({"width": 1, "pretrained": False, "frozen_norm": False}, (64, 96)),
    "deeplabv3plus_camvid": ({"width": 1, "hidden": 4, "fine": 2}, (64, 96)),
}


def test_every_paper_is_here():
    assert set(SMALL) == set(PAPERS)


@pytest.mark.parametrize("name", PAPERS)
def test_a_cpu_is_refused_with_the_reason(name, tmp_path, monkeypatch):
    monkeypatch.setattr(recipes_module, "device", lambda: torch.device("cpu"))
    with pytest.raises(ValueError, match=rf"^{name} needs a GPU: .*days|weeks.* --on-cpu"):
        train(name, folder=tmp_path / "none")
    assert not (tmp_path / "none").exists()
    assert "for a GPU" in str(PAPERS[name])


def test_one_who_insists_may_train_on_a_cpu(tmp_path, monkeypatch):
    recipe = PAPERS["segnet_camvid"]
    variant, size = SMALL[recipe.name]
    network = recipe.networks[recipe.name]
    network = dataclasses.replace(network, variant={**network.variant, **variant})
    short = dataclasses.replace(recipe, size=size, steps=1, networks={recipe.name: network})
    monkeypatch.setitem(recipes_module._RECIPES, recipe.name, short)
    few = load(recipe.set, split="test", source="bundled", size=size)[:4]
    monkeypatch.setattr(recipes_module, "_pictures", lambda *given: few)
    (card,) = train(recipe.name, source="bundled", folder=tmp_path, on_cpu=True, progress=False)
    assert (card.steps, card.model) == (1, "segnet")


@pytest.mark.parametrize("name", PAPERS)
def test_the_first_steps(name):
    recipe, (variant, size) = PAPERS[name], SMALL[name]
    network = recipe.networks[name]
    model = create(network.model, seed=0, **{**network.variant, **variant})
    samples = load(recipe.set, split="test", source="bundled", size=size)[:2]
    draw = recipe.draw(recipe.prepare(samples, False), model, 2)
    history = fit(
        *(recipe.trained(model), draw, recipe.loss),
        steps=2,
        learning_rate=recipe.learning_rate,
        optimizer=recipe.optimizer,
        schedule=recipe.schedule,
        progress=False,
        on="cpu",
    )
    assert len(history.loss) == 2
    scores = recipe.measure(model.eval(), samples[:1], False)
    assert all(0 <= score <= 1 for score in scores.values())


@pytest.mark.parametrize("name", PAPERS)
def test_networks_are_the_papers(name):
    """Only what a set needs is said: channels, classes, where the weights come from."""
    variant = PAPERS[name].networks[name].variant
    allowed = {"in_channels", "num_classes", "pretrained", "backbone", "form", "frozen_norm"}
    allowed |= {"at_once"}  # the release's form that is trained in one go
    assert set(variant) <= allowed


def test_whole_pictures_are_as_tiles():
    """Scores of U-Net on a whole picture against those of one tile, cut out by hand."""
    model = create("unet", in_channels=1, num_classes=2, width=2, seed=0).eval()
    image = torch.rand((1, 1, 420, 400), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole = unet_isbi2012.WholePictures(model)(image)
        tile = model(image[..., 20 : 20 + 380, 4 : 4 + 380])
    assert whole.shape == (1, 2, 420, 400)
    # 20 + 92 and 4 + 92 are multiples of 16, so that the poolings meet the same pixels.
    assert torch.allclose(whole[..., 112:308, 96:292], tile, atol=1e-5)


def test_the_sliding_window_sees_95_pixels_and_as_many_membranes_as_others():
    recipe = PAPERS["sliding_window_isbi2012"]
    samples = load(recipe.set, split="test", source="bundled", size=(64, 64))[:1]
    pixels = recipe.prepare(samples, False)
    images, target = recipe.draw(pixels, None, 6)(torch.Generator().manual_seed(0))
    assert images.shape == (6, 1, 95, 95)
    assert target.tolist() == [0, 0, 0, 1, 1, 1]
    picture = samples[0].image[0]
    for image, kind in zip(images[:, 0], target.tolist(), strict=True):
        rows, columns = (picture == image[47, 47]).nonzero(as_tuple=True)
        assert kind in samples[0].mask[rows, columns]


def test_fcns_loss_is_summed():
    """With the release's rate: 1e-10 of the sum over 360 x 480 pixels is 1.7e-5 of the mean."""
    recipe = PAPERS["fcn8s_camvid"]
    scores, target = torch.zeros(1, 11, 36, 48), torch.zeros(1, 36, 48, dtype=torch.int64)
    ratio = recipe.loss(scores, target) / cross_entropy(scores, target)
    assert float(ratio) == pytest.approx(36 * 48)
    assert recipe.learning_rate * 360 * 480 == pytest.approx(1.7e-5, rel=0.02)


def test_segnets_weights_are_median_over_frequency():
    """Their smallest is that of the most frequent class; multiplied by its frequency, all agree."""
    samples = load("camvid", source="bundled", size=(32, 32))
    assert len(CLASS_WEIGHTS) == len(samples.classes)
    weights = dict(zip(samples.classes, CLASS_WEIGHTS, strict=True))
    assert min(weights, key=weights.get) == "road"
    assert max(weights, key=weights.get) == "sign"
    scores = torch.zeros(1, 11, 1, 2)
    target = torch.tensor([[[3, 6]]])
    loss = PAPERS["segnet_camvid"].loss(scores, target)
    plain = cross_entropy(scores, target)
    assert float(loss / plain) == pytest.approx((0.1417 + 9.6446) / 2)


def test_schedules_of_the_papers():
    weight = torch.nn.Parameter(torch.zeros(1))
    from segviz.training.optimizers import make_schedule

    optimizer = sgd(0.9)([weight], 1.0)
    poly, rates = make_schedule(optimizer, "poly", 1.0, 4), []
    for _ in range(4):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        poly.step()
    assert rates == pytest.approx([1, 0.75**0.9, 0.5**0.9, 0.25**0.9])
    tenth = divided(10, every=3)
    assert [tenth(step) for step in (0, 2, 3, 6)] == pytest.approx([1, 1, 0.1, 0.01])
