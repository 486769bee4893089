"""The recipes: their goals, the shipped checkpoints, one small run of each from start to end."""

import dataclasses

import pytest
import torch

from segviz import datasets
from segviz.models import predict_patches, to_fully_convolutional
from segviz.training import (
    camvid_ladder,
    hippo_vnet,
    list_recipes,
    load_card,
    load_checkpoint,
    patch_to_fcn,
)
from segviz.training import recipes as recipes_module
from segviz.training.recipe import Network
from segviz.training.recipes import evaluate, train

LAPTOP = [recipe for recipe in list_recipes() if not recipe.needs_gpu]
PAPERS = [recipe for recipe in list_recipes() if recipe.needs_gpu]
CHECKPOINTS = [(name, recipe) for recipe in LAPTOP for name in recipe.networks]
SOURCES = ("real", "stand-in")


@pytest.fixture
def small(monkeypatch):
    """Every recipe on small stand-ins with two steps."""
    monkeypatch.setenv("SEGVIZ_SOURCE", "bundled")
    for name, recipe in list(recipes_module._RECIPES.items()):
        few = dict(list(recipe.networks.items())[-2:])
        size = (128, 160) if name == "em_unet" else (64, 96)
        short = dataclasses.replace(recipe, size=size, steps=2, batch_size=4, networks=few)
        monkeypatch.setitem(recipes_module._RECIPES, name, short)


@pytest.mark.parametrize("name", ["patch_to_fcn", "camvid_ladder", "em_unet"])
def test_trained_measured_saved_and_measured_again(small, tmp_path, name):
    cards = train(name, seeds=(3, 4), folder=tmp_path, progress=False)
    for card in cards:
        assert card.source == "stand-in"
        assert card.seeds == (3, 4)
        assert card.seed == 3
        assert card.picture_size in ((64, 96), (128, 160))
        assert all(len(score.seeds) == 2 for score in card.scores.values())
        assert all(score.weights == score.seeds[0] for score in card.scores.values())
    results = evaluate(name, folder=tmp_path, progress=False)
    assert [result.card for result in results] == cards
    for result in results:
        assert result.as_on_card
        assert result.scores == {key: score.weights for key, score in result.card.scores.items()}
        assert "as on the card" in str(result)


def test_a_seed_gives_the_same_checkpoint(small, tmp_path):
    one, two = (
        train("patch_to_fcn", folder=tmp_path / str(i), progress=False)[0] for i in range(2)
    )
    assert one.sha256 == two.sha256


@pytest.fixture
def stopped(small, monkeypatch):
    """A recipe of two networks whose second training is stopped in its third step."""
    recipe = dataclasses.replace(recipes_module.recipe("em_unet"), steps=5, save_every=1)
    monkeypatch.setitem(recipes_module._RECIPES, "em_unet", recipe)
    drawn = []

    def draw(*given):
        next_batch = recipe.draw(*given)

        def counted(generator):
            drawn.append(1)
            if len(drawn) == 8:
                raise KeyboardInterrupt
            return next_batch(generator)

        return counted

    once = dataclasses.replace(recipe, draw=draw)
    monkeypatch.setitem(recipes_module._RECIPES, "em_unet", once)
    return drawn


def test_a_recipe_goes_on_where_it_was_stopped(stopped, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train("em_unet", folder=tmp_path, progress=False)
    states = sorted(path.name for path in tmp_path.glob("*.state"))
    assert states == [
        "em_unet-stand-in-seed0.state",
        "em_unet_without_skips-stand-in-seed0.state",
    ]
    resumed = train("em_unet", folder=tmp_path, resume=True, progress=False)
    assert len(stopped) == 8 + 3  # only what was missing has been drawn
    assert not list(tmp_path.glob("*.state"))
    whole = train("em_unet", folder=tmp_path / "whole", progress=False)
    assert [card.sha256 for card in resumed] == [card.sha256 for card in whole]


def test_without_resume_it_begins_anew(stopped, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train("em_unet", folder=tmp_path, progress=False)
    train("em_unet", folder=tmp_path, progress=False)
    assert len(stopped) == 8 + 10


def test_another_score_than_the_card_says_is_shown(small, tmp_path):
    train("patch_to_fcn", folder=tmp_path, progress=False)
    (result,) = evaluate("patch_to_fcn", folder=tmp_path, progress=False)
    wrong = dataclasses.replace(result, scores={"pixel_error": 0.9876}, missed=("too high",))
    assert not wrong.as_on_card
    assert "NOT as on the card" in str(wrong)
    assert "goal missed: too high" in str(wrong)


def test_patches_are_cut_around_pixels_of_the_class():
    image = torch.rand((1, 40, 50), generator=torch.Generator().manual_seed(0))
    mask = (image[0] > 0.5).long()
    sample = datasets.Sample("a", image, mask=mask)
    samples = datasets.Samples([lambda: sample], name="one", classes=("dark", "light"))
    pixels = patch_to_fcn.prepare(samples, False)
    light = mask.float().mean().item()
    assert pixels.shares.tolist() == pytest.approx([1 - light, light])
    batch, target = patch_to_fcn.draw(pixels, None, 64)(torch.Generator().manual_seed(1))
    assert batch.shape == (64, 1, 33, 33)
    assert target.tolist() == [0] * 32 + [1] * 32
    assert torch.equal((batch[:, 0, 16, 16] > 0.5).long(), target)


def test_calibration_gives_back_the_true_shares():
    """A network that has learned nothing answers half and half; then, how often each class is."""
    model = load_checkpoint("patch_to_fcn").model
    for weight in model.parameters():
        weight.data.zero_()
    pixels = patch_to_fcn.Pixels(torch.zeros(1, 1, 1), (torch.zeros(80, 3), torch.zeros(20, 3)), 33)
    patch_to_fcn.calibrate(model, pixels)
    with torch.no_grad():
        probabilities = model(torch.zeros(1, 1, 33, 33)).softmax(1)
    assert probabilities[0].tolist() == pytest.approx([0.8, 0.2])


def test_cached_features_train_what_the_whole_network_computes():
    samples = datasets.load("camvid", split="test", source="bundled", size=(64, 96))[:3]
    features = camvid_ladder.prepare(samples, False)
    assert torch.equal(features.masks[1], samples[0].mask.flip(-1))
    model = load_checkpoint("camvid_fcn8s", source="stand-in").model
    maps, target = camvid_ladder.draw(features, model, 6)(torch.Generator().manual_seed(0))
    order = torch.randperm(6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(target, features.masks[order])
    both = [image for sample in samples for image in (sample.image, sample.image.flip(-1))]
    with torch.no_grad():
        from_cache = model.decoder(maps)
        from_pictures = model(torch.stack(both)[order])
    assert torch.allclose(from_cache, from_pictures, atol=1e-3)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("name", "recipe"), CHECKPOINTS, ids=[name for name, _ in CHECKPOINTS])
def test_shipped_checkpoints_are_whole_and_reach_their_goals(name, recipe, source):
    card = load_checkpoint(name, source=source).card
    assert (card.name, card.recipe, card.source) == (name, recipe.name, source)
    network = recipe.networks[name]
    assert (card.model, card.variant) == (network.model, network.variant)
    assert (card.set, card.steps) == (recipe.set, network.steps or recipe.steps)
    assert card.stored == recipe.stored
    assert len(card.seeds) >= 3
    assert card.seconds <= recipe.budget
    assert card.bytes < 2_000_000
    if source == "real":
        means = {metric: score.mean for metric, score in card.scores.items()}
        assert network.missed(means) == []


@pytest.mark.parametrize("source", SOURCES)
def test_each_rung_of_the_ladder_sharpens_the_map(source):
    cards = [load_card(f"camvid_fcn{stride}s", source=source) for stride in (32, 16, 8, 4)]
    boundaries = [card.scores["boundary_f1"].mean for card in cards]
    assert boundaries == sorted(boundaries)
    assert 0.33 <= load_card("camvid_fcn32s").scores["mean_iou"].mean <= 0.39


def test_the_shipped_classifier_is_identical_in_one_run():
    checkpoint = load_checkpoint("patch_to_fcn", source="stand-in")
    image = datasets.load("em_vnc", split="test", source="bundled", size=(64, 64))[0].image
    loop = predict_patches(checkpoint.model, image[:, :24, :40], batch_size=64)
    with torch.no_grad():
        dense = to_fully_convolutional(checkpoint.model)(image[None, :, :24, :40])[0]
    assert (dense - loop).abs().max() <= 1e-5


def test_stand_in_scores_are_those_of_the_card(monkeypatch):
    monkeypatch.setenv("SEGVIZ_SOURCE", "bundled")
    (result,) = evaluate("patch_to_fcn", progress=False)
    assert result.as_on_card, str(result)


@pytest.mark.real_data
@pytest.mark.parametrize("name", [recipe.name for recipe in LAPTOP])
def test_real_scores_are_those_of_the_card(name):
    for result in evaluate(name, source="real", progress=False):
        assert result.as_on_card, str(result)
        assert not result.missed


def test_goals_in_words():
    network = Network("fcn8s", {}, at_least={"mean_iou": 0.4}, at_most={"pixel_error": 0.1})
    assert network.missed({"mean_iou": 0.4, "pixel_error": 0.1}) == []
    assert network.missed({"mean_iou": 0.39, "pixel_error": 0.2}) == [
        "mean_iou 0.390 is below 0.4",
        "pixel_error 0.200 is above 0.1",
    ]


@pytest.mark.parametrize("name", ["patch", None, "patch-to-fcn"])
def test_unknown_recipes(name):
    for function in (train, evaluate):
        with pytest.raises(ValueError, match="none of our recipes"):
            function(name)


@pytest.mark.parametrize("seeds", [[0, 0], (1, 2, 1), (0, False), (0, torch.tensor(0))])
def test_seeds_that_repeat_tell_no_spread(seeds, tmp_path):
    with pytest.raises((ValueError, TypeError), match=r"^seed.*Use "):
        train("patch_to_fcn", seeds=seeds, folder=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_seeds_that_remain_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"^seeds=\(1, 2, 1\) must all differ.*Use \(1, 2\)\.$"):
        train("patch_to_fcn", seeds=(1, 2, 1), folder=tmp_path / "none")


@pytest.mark.parametrize("name", [["patch_to_fcn"], {"patch_to_fcn"}])
def test_a_name_in_a_list(name, tmp_path):
    with pytest.raises(ValueError, match=r"is none of our recipes.*Use patch_to_fcn"):
        train(name, folder=tmp_path / "none")


@pytest.mark.parametrize("seeds", [(), range(0), 3, "012", (0, -1), (0.5,), None])
def test_illegal_seeds(seeds, tmp_path):
    with pytest.raises((ValueError, TypeError), match="seed"):
        train("patch_to_fcn", seeds=seeds, folder=tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("folder", [3, ("a",)])
def test_folders_are_paths(folder):
    for function in (train, evaluate):
        with pytest.raises(TypeError, match=r"folder=.* must be a path. Use a str"):
            function("patch_to_fcn", source="bundled", folder=folder)


@pytest.mark.parametrize("below", ["", "more", "more/below"])
def test_a_file_in_the_way_of_the_folder(small, tmp_path, below):
    file = tmp_path / "file"
    file.write_text("kept")
    words = "folder=.*a file is in the way.*Use a folder of your own, such as 'checkpoints'"
    with pytest.raises(OSError, match=words):
        train("patch_to_fcn", folder=file / below, progress=False)
    assert file.read_text() == "kept"


@pytest.mark.parametrize("source", SOURCES)
def test_skips_beat_every_decoder_and_indices_sharpen_boundaries_alone(source):
    """What lecture 05 says of them: indices gain in boundaries, not in mean IoU."""
    names = ("indices", "bilinear", "transposed", "skips")
    cards = {name: load_card(f"camvid_{name}", source=source).scores for name in names}
    iou, boundary = (
        {name: scores[metric].mean for name, scores in cards.items()}
        for metric in ("mean_iou", "boundary_f1")
    )
    assert max(iou, key=iou.get) == max(boundary, key=boundary.get) == "skips"
    assert boundary["indices"] > max(boundary["bilinear"], boundary["transposed"])
    assert iou["indices"] < iou["bilinear"]


@pytest.mark.parametrize("source", SOURCES)
def test_skips_find_more_of_the_membranes(source):
    with_skips, without = (
        load_card(name, source=source).scores["membrane_iou"]
        for name in ("em_unet", "em_unet_without_skips")
    )
    assert with_skips.mean - without.mean > max(with_skips.spread, without.spread)


@pytest.mark.parametrize("source", SOURCES)
def test_imagenet_weights_are_worth_their_gap(source):
    pretrained, scratch = (
        load_card(name, source=source).scores["mean_iou"].mean
        for name in ("camvid_pretrained", "camvid_scratch")
    )
    assert pretrained - scratch >= 0.06


def test_volumes_are_drawn_whole_as_they_are_tested():
    """The border takes the same share of a volume in training as in the test."""
    samples = datasets.load("hippocampus", split="test", source="bundled")[:3]
    volumes = hippo_vnet.prepare(samples, False)
    images, masks = hippo_vnet.draw(volumes, None, 4)(torch.Generator().manual_seed(0))
    assert images.shape == (4, 1, *hippo_vnet.BOX)
    for image, mask in zip(images, masks, strict=True):
        [number] = [n for n, one in enumerate(volumes.masks) if torch.equal(one, mask)]
        both = torch.stack([image.flatten(), volumes.images[number].flatten()])
        assert torch.corrcoef(both)[0, 1] > 0.9


def test_a_network_that_answers_the_truth_has_dice_one():
    samples = datasets.load("hippocampus", split="test", source="bundled")[:1]
    truth = hippo_vnet.boxed(samples[0].labels()["mask"])

    class Truth(torch.nn.Linear):
        def forward(self, images):
            return torch.nn.functional.one_hot(truth, 3).permute(3, 0, 1, 2)[None].float()

    scores = hippo_vnet.measure(Truth(1, 1), samples, False)
    assert scores == {"dice": 1, "anterior": 1, "posterior": 1}


@pytest.mark.parametrize("source", SOURCES)
def test_dice_finds_the_small_parts_sooner_than_cross_entropies(source):
    scores = {
        name: load_card(f"hippo_{name}", source=source).scores["dice"]
        for name in ("dice", "weighted", "plain")
    }
    for name in ("weighted", "plain"):
        assert scores["dice"].mean - scores[name].mean >= 0.12
        assert min(scores["dice"].seeds) > max(scores[name].seeds)
    longer = load_card("hippo_weighted_longer", source=source).scores["dice"]
    assert scores["weighted"].mean < longer.mean < scores["dice"].mean  # what lecture 07 says


def test_a_batch_that_cannot_be_shared_is_refused_before_pictures_are_read(monkeypatch, tmp_path):
    def read(*_):
        raise AssertionError("pictures were read")

    monkeypatch.setattr(recipes_module.processes, "count", lambda: 3)
    monkeypatch.setattr(recipes_module, "_both_splits", read)
    with pytest.raises(ValueError, match="batch of 8 cannot be shared out evenly among 3"):
        train("camvid_ladder", source="bundled", folder=tmp_path, progress=False)
    monkeypatch.setattr(recipes_module.processes, "count", lambda: 4)
    with pytest.raises(AssertionError, match="pictures were read"):
        train("camvid_ladder", source="bundled", folder=tmp_path, progress=False)
