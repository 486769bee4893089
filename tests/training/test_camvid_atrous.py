"""Recipe camvid_atrous: cached maps, heads that differ in stride alone, the CRF, and the cards."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from segviz import datasets
from segviz.models import create
from segviz.postprocessing import dense_crf
from segviz.training import camvid_atrous, load_card, recipes
from segviz.training._scores import street_scores

NETWORKS = camvid_atrous.RECIPE.networks
STRIDES = ("camvid_stride32", "camvid_stride16", "camvid_stride8")


def made(name, seed=0):
    network = NETWORKS[name]
    return create(network.model, seed=seed, **network.variant).eval()


@pytest.fixture(scope="module")
def samples():
    return datasets.load("camvid", split="test", source="bundled", size=(64, 96))[:3]


@pytest.fixture(scope="module")
def features(samples):
    return camvid_atrous.prepare(samples, False)


@pytest.mark.parametrize(
    "name",
    [*STRIDES, "camvid_aspp_concatenation", "camvid_aspp_skip", "camvid_aspp_without_decoder"],
)
def test_cached_maps_train_what_the_whole_network_computes(samples, features, name):
    model = made(name)
    maps, target = camvid_atrous.draw(features, model, 6)(torch.Generator().manual_seed(0))
    order = torch.randperm(6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(target, features.masks[order])
    both = [image for sample in samples for image in (sample.image, sample.image.flip(-1))]
    assert torch.equal(features.masks[1], samples[0].mask.flip(-1))
    with torch.no_grad():
        from_cache = camvid_atrous.FromFeatures(model)(maps)
        from_pictures = model(torch.stack(both)[order])
    assert from_cache.shape == (6, 11, 64, 96)
    assert len(maps) == len(model.features(samples[0].image[None]))  # no map that nobody reads
    torch.testing.assert_close(from_cache, from_pictures, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", STRIDES[1:])
def test_a_head_gives_its_old_answers_at_the_old_places(samples, name):
    """One head on all strides: its rate makes it see the same pixels, borders and all."""
    coarse, fine = made(STRIDES[0], seed=1), made(name, seed=2)
    fine.load_state_dict(coarse.state_dict())
    step = 32 // fine.stride
    with torch.no_grad():
        old, new = (model.scores(samples[0].image[None]) for model in (coarse, fine))
    assert old.std() > 0.01
    torch.testing.assert_close(
        new[..., step - 1 :: step, step - 1 :: step], old, rtol=1e-3, atol=1e-3
    )


def test_only_what_stands_behind_the_backbone_is_trained():
    for name in NETWORKS:
        model = made(name)
        trained = [key for key, weight in model.named_parameters() if weight.requires_grad]
        assert trained == [k for k, _ in model.named_parameters() if not k.startswith("backbone.")]
        assert model.frozen


def test_the_control_of_the_skip_differs_in_the_decoder_alone():
    """Skip and decoder apart, the two are one network: even ASPP's first weights are the same."""
    skip, without = NETWORKS["camvid_aspp_skip"], NETWORKS["camvid_aspp_without_decoder"]
    goals = {"at_least": {}, "at_most": {}}
    variant = {key: value for key, value in without.variant.items() if key != "decoder"}
    assert without.variant["decoder"] is False
    assert replace(without, variant=variant, **goals) == replace(skip, **goals)
    whole, cut = (
        made(name).state_dict() for name in ("camvid_aspp_skip", "camvid_aspp_without_decoder")
    )
    aspp = [key for key in whole if key.startswith("aspp.")]
    assert aspp
    assert all(torch.equal(whole[key], cut[key]) for key in aspp)
    assert {key.split(".")[0] for key in whole.keys() ^ cut.keys()} == {"reduce", "decoder"}


def test_the_crf_is_that_of_the_library(samples):
    model = made("camvid_aspp")
    image = samples[0].image
    with torch.no_grad():
        found = camvid_atrous.Sharpened(model)(image[None])[0].numpy()
        expected = dense_crf(model(image[None]).softmax(1)[0], image)
    assert np.array_equal(found, expected)
    assert found.sum(0) == pytest.approx(1, abs=1e-5)


def test_scores_with_crf_keep_those_without(samples):
    model = made("camvid_aspp")
    alone = street_scores(model, samples, False)
    both = camvid_atrous.scores_with_crf(model, samples, False)
    assert {metric: both[metric] for metric in alone} == alone
    assert set(both) - set(alone) == {"crf_mean_iou", "crf_boundary_f1"}
    sharpened = street_scores(camvid_atrous.Sharpened(model), samples, False)
    assert both["crf_mean_iou"] == sharpened["mean_iou"]
    assert both["crf_boundary_f1"] == sharpened["boundary_f1"]


def test_trained_measured_saved_and_measured_again(monkeypatch, tmp_path):
    """On a few small stand-ins; the backbone stays out of the files."""
    names = ("camvid_aspp", "camvid_aspp_skip")
    small = replace(
        camvid_atrous.RECIPE,
        steps=2,
        batch_size=4,
        networks={name: NETWORKS[name] for name in names},
    )
    monkeypatch.setitem(recipes._RECIPES, small.name, small)
    few = datasets.load("camvid", split="test", source="bundled", size=(64, 96))[:4]
    monkeypatch.setattr(recipes, "_pictures", lambda *_: few)
    cards = recipes.train(small.name, seeds=(3,), folder=tmp_path, progress=False)
    found = recipes.evaluate(small.name, folder=tmp_path, progress=False)
    assert [result.card for result in found] == cards
    for result in found:
        assert result.scores == {key: score.weights for key, score in result.card.scores.items()}
        assert result.card.bytes < 400_000
    assert "crf_mean_iou" in cards[0].scores
    assert "crf_mean_iou" not in cards[1].scores


def means(name):
    """Metric -> mean over the seeds on real pictures."""
    return {metric: score.mean for metric, score in load_card(name).scores.items()}


def test_lecture_08_tells_what_the_cards_say_of_output_strides():
    strides = [means(name) for name in STRIDES]
    iou = [scores["mean_iou"] for scores in strides]
    assert max(iou) - min(iou) < 0.01
    assert 0.015 < strides[-1]["boundary_f1"] - strides[0]["boundary_f1"] < 0.03
    assert means("camvid_fcn16s")["mean_iou"] - max(iou) > 0.1


def test_lecture_08_tells_what_the_cards_say_of_aspp_and_skip():
    single, added = means("camvid_stride16"), means("camvid_aspp")
    joined, loudest = means("camvid_aspp_concatenation"), means("camvid_aspp_maximum")
    for several in (added, joined):
        assert abs(several["mean_iou"] - single["mean_iou"]) < 0.008
    assert 0.01 < single["mean_iou"] - loudest["mean_iou"] < 0.02
    skip, ladder = means("camvid_aspp_skip"), means("camvid_fcn8s")
    control = means("camvid_aspp_without_decoder")
    assert skip["boundary_f1"] > 2 * control["boundary_f1"]
    assert 0.035 < skip["mean_iou"] - control["mean_iou"] < 0.065
    assert skip["boundary_f1"] > 1.9 * added["boundary_f1"]
    assert added["mean_iou"] + 0.02 < skip["mean_iou"] < ladder["mean_iou"] - 0.09


def test_without_its_decoder_no_seed_comes_near_one_with_it():
    """On real pictures and on stand-ins."""
    for source in ("real", "stand-in"):
        skip, control = (
            load_card(name, source=source)
            for name in ("camvid_aspp_skip", "camvid_aspp_without_decoder")
        )
        assert control.seeds == skip.seeds
        for metric in ("mean_iou", "boundary_f1", "pixel_accuracy"):
            assert max(control.scores[metric].seeds) < min(skip.scores[metric].seeds)


def test_lecture_08_tells_what_the_card_says_of_the_crf():
    scores = means("camvid_aspp")
    assert 0.045 < scores["crf_boundary_f1"] - scores["boundary_f1"] < 0.06
    assert 0 < scores["crf_mean_iou"] - scores["mean_iou"] < 0.01
