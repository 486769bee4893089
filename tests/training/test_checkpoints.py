"""Weights and cards: what comes back is what went in, and nothing else is accepted."""

import dataclasses
import hashlib
import json
import math
import os

import pytest
import torch
from safetensors.torch import save

from segviz.models import create
from segviz.training import Card, load_card, load_checkpoint, save_checkpoint
from segviz.training.cards import Evaluation, Score
from segviz.training.checkpoints import round_weights

LIGHT = {"backbone": "efficientnet_lite0", "num_classes": 3}


def card(model="sliding_window", variant=None, **facts):
    return Card(
        **{
            "name": "tiny",
            "recipe": "patch_to_fcn",
            "model": model,
            "variant": {"patch_size": 9, "width": 2} if variant is None else variant,
            "set": "em_vnc",
            "source": "real",
            "licence": "none",
            "citation": "Nobody, 2020",
            "picture_size": (64, 48),
            "train": 6,
            "test": 2,
            "seed": 0,
            "seeds": (0, 1, 2),
            "steps": 3,
            "seconds": 1.5,
            "device": "cpu",
            "torch": torch.__version__,
            "date": "2020-02-02",
            "scores": {"mean_iou": Score(0.5, (0.5, 0.7, 0.6))},
            **facts,
        }
    )


@pytest.fixture
def saved(tmp_path):
    model = create("sliding_window", patch_size=9, width=2, seed=1)
    return model, save_checkpoint("tiny", model, card(), folder=tmp_path), tmp_path


def test_what_was_saved_comes_back(saved):
    model, written, folder = saved
    checkpoint = load_checkpoint("tiny", folder=folder)
    assert checkpoint.card == written == load_card("tiny", folder=folder)
    assert not checkpoint.model.training
    for name, value in checkpoint.model.state_dict().items():
        assert torch.equal(value, model.state_dict()[name])
    assert sorted(path.name for path in folder.iterdir()) == ["tiny.json", "tiny.safetensors"]


def test_weights_that_are_in_the_file_are_not_fetched_first(tmp_path, monkeypatch):
    """A checkpoint of a GPU recipe is loaded offline, though its training began with ImageNet's."""
    model = create("segnet", in_channels=3, num_classes=2, width=2)
    about = card("segnet", {"in_channels": 3, "num_classes": 2, "width": 2, "pretrained": True})
    save_checkpoint("tiny", model, about, folder=tmp_path)

    def fetched(*_, **__):
        raise AssertionError("ImageNet weights were asked for")

    monkeypatch.setattr("segviz.models.vgg.torchvision_weights", fetched)
    with pytest.raises(AssertionError, match="asked for"):
        create("segnet", in_channels=3, num_classes=2, pretrained=True)
    back = load_checkpoint("tiny", folder=tmp_path)
    assert back.card.variant["pretrained"]
    for name, value in back.model.state_dict().items():
        assert torch.equal(value, model.state_dict()[name])


def test_a_score_that_the_card_lacks_is_not_as_on_the_card(saved):
    result = Evaluation(saved[1], {"mean_iou": 0.5, "boundary_f1": 0.25}, ())
    assert not result.as_on_card
    assert "boundary_f1     0.250   card has none" in str(result)
    assert Evaluation(saved[1], {"mean_iou": 0.5}, ()).as_on_card


def test_a_card_can_be_read(saved):
    text = str(saved[1])
    assert "6 pictures of 64 x 48" in text
    assert "mean iou 0.500 (3 seeds: 0.600 +- 0.100)" in text
    assert "licence of the pictures: none" in text


def test_stand_ins_have_checkpoints_of_their_own(tmp_path):
    model = create("sliding_window", patch_size=9, width=2)
    save_checkpoint("tiny", model, card(source="stand-in"), folder=tmp_path)
    assert load_checkpoint("tiny", source="stand-in", folder=tmp_path).card.source == "stand-in"
    with pytest.raises(FileNotFoundError, match="There are tiny-stand-in"):
        load_checkpoint("tiny", folder=tmp_path)


def test_a_frozen_backbone_is_left_out_and_comes_from_its_package(tmp_path):
    model = create("fcn16s", seed=0, **LIGHT)
    written = save_checkpoint("light", model, card("fcn16s", LIGHT), folder=tmp_path)
    assert written.bytes < 20_000
    back = load_checkpoint("light", folder=tmp_path).model
    for name, value in back.state_dict().items():
        assert torch.equal(value, model.state_dict()[name]), name
    save_checkpoint("light", model, card("fcn16s", LIGHT), folder=tmp_path)
    change_card(tmp_path / "light.json", backbone="0" * 64)
    with pytest.raises(ValueError, match="backbone of other weights"):
        load_checkpoint("light", folder=tmp_path)


def change_card(path, **facts):
    entries = json.loads(path.read_text())
    entries.update(facts)
    path.write_text(json.dumps(entries))


def test_missing_files(saved):
    folder = saved[2]
    with pytest.raises(FileNotFoundError, match=r"no checkpoint 'other' here\. There are tiny\."):
        load_checkpoint("other", folder=folder)
    with pytest.raises(FileNotFoundError, match="none in this folder"):
        load_card("tiny", folder=folder / "nowhere")
    (folder / "tiny.safetensors").unlink()
    with pytest.raises(ValueError, match="missing, damaged"):
        load_checkpoint("tiny", folder=folder)


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"<html>", lambda b: b[::-1]])
def test_damaged_weights(saved, damage):
    path = saved[2] / "tiny.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"SHA-256.*segviz train patch_to_fcn"):
        load_checkpoint("tiny", folder=saved[2])


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '"a"', "<html>", '{"scores": {}}', '{"scores": 3}', "\xff"]
)
def test_damaged_cards(saved, text):
    (saved[2] / "tiny.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"the card tiny\.json cannot be read"):
        load_card("tiny", folder=saved[2])


@pytest.mark.parametrize("facts", [{"variant": 5}, {"model": None}, {"seeds": "a"}, {"more": 1}])
def test_cards_with_wrong_entries(saved, facts):
    change_card(saved[2] / "tiny.json", **facts)
    with pytest.raises(ValueError, match=r"the card tiny\.json cannot be read"):
        load_checkpoint("tiny", folder=saved[2])


def test_a_card_of_other_weights(saved):
    _, _, folder = saved
    change_card(folder / "tiny.json", variant={"patch_size": 9, "width": 3})
    with pytest.raises(ValueError, match="does not fit the network"):
        load_checkpoint("tiny", folder=folder)
    change_card(folder / "tiny.json", model="resnet")
    with pytest.raises(ValueError, match="none of our networks"):
        load_checkpoint("tiny", folder=folder)


@pytest.mark.parametrize("name", ["../tiny", "", "a/b", ".hidden", None, 3])
def test_names_are_no_paths(saved, name):
    with pytest.raises(ValueError, match="no name of a checkpoint"):
        load_checkpoint(name, folder=saved[2])


def test_illegal_sources(saved):
    with pytest.raises(ValueError, match=r"samples\.source"):
        load_checkpoint("tiny", source="bundled", folder=saved[2])


def test_the_source_is_no_part_of_the_name(tmp_path):
    model = create("sliding_window", patch_size=9, width=2)
    save_checkpoint("tiny", model, card(source="stand-in"), folder=tmp_path)
    for load in (load_checkpoint, load_card):
        for source in ("real", "stand-in"):
            with pytest.raises(ValueError, match="Use 'tiny' with source='stand-in'"):
                load("tiny-stand-in", source=source, folder=tmp_path)
    with pytest.raises(ValueError, match="must not say the source"):
        save_checkpoint("tiny-stand-in", model, card(), folder=tmp_path)


def test_a_card_of_another_source_is_not_taken_for_it(saved):
    change_card(saved[2] / "tiny.json", source="stand-in")
    for load in (load_checkpoint, load_card):
        with pytest.raises(ValueError, match=r"tiny\.json is of a training on 'stand-in' pictures"):
            load("tiny", folder=saved[2])


def replace_weights(folder, content):
    """Put in other weights, which the card signs."""
    (folder / "tiny.safetensors").write_bytes(content)
    change_card(folder / "tiny.json", sha256=hashlib.sha256(content).hexdigest())


HEADER = b'{"a":{"dtype":"F8_E8M0","shape":[4],"data_offsets":[0,4]}}'  # torch has no such numbers


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", bytes(99), len(HEADER).to_bytes(8, "little") + HEADER + bytes(4)],
)
def test_signed_files_that_hold_no_weights(saved, content):
    replace_weights(saved[2], content)
    words = r"^tiny\.safetensors cannot be read \(.*\)\. Take both files from the course again"
    with pytest.raises(ValueError, match=words):
        load_checkpoint("tiny", folder=saved[2])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda weight: weight.int(), r"tiny does not fit .*differ in name, shape or dtype"),
        (lambda weight: weight.to(torch.complex64), "tiny does not fit"),
        (lambda weight: weight * math.nan, r"tiny: .* nan or infinite.*Train it again"),
        (lambda weight: weight / 0, "tiny: .* nan or infinite"),
    ],
)
def test_signed_weights_that_are_no_finite_floats(saved, change, words):
    model, _, folder = saved
    weights = model.state_dict()
    name = next(iter(weights))
    replace_weights(folder, save({**weights, name: change(weights[name])}))
    with pytest.raises(ValueError, match=words):
        load_checkpoint("tiny", folder=folder)


def test_weights_that_have_run_away_are_not_saved(saved):
    model, written, folder = saved
    with torch.no_grad():
        next(iter(model.parameters())).fill_(math.nan)
    with pytest.raises(ValueError, match="nan or infinite"):
        save_checkpoint("tiny", model, written, folder=folder)
    assert load_checkpoint("tiny", folder=folder).card == written


@pytest.mark.parametrize("folder", [3, ["a"], b"a"])
def test_folders_are_paths(saved, folder):
    model, written, _ = saved
    for use in (
        lambda: load_checkpoint("tiny", folder=folder),
        lambda: load_card("tiny", folder=folder),
        lambda: save_checkpoint("tiny", model, written, folder=folder),
    ):
        with pytest.raises(TypeError, match=r"folder=.* must be a path. Use a str"):
            use()


def test_a_write_that_fails_leaves_the_old_files(saved, monkeypatch):
    model, written, folder = saved

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint("tiny", model, dataclasses.replace(written, steps=9), folder=folder)
    monkeypatch.undo()
    assert sorted(path.name for path in folder.iterdir()) == ["tiny.json", "tiny.safetensors"]
    assert load_checkpoint("tiny", folder=folder).card == written


def test_spread_of_a_single_seed_is_not_shown():
    assert str(Score(0.25, (0.25,))) == "0.250"
    assert Score(0.25, (0.25,)).spread == 0


def test_weights_in_16_bits_are_those_that_were_measured(tmp_path):
    model = create("unet", width=2, depth=1, padded=True, seed=0)
    facts = card("unet", {"width": 2, "depth": 1, "padded": True}, stored="float16")
    with pytest.raises(ValueError, match=r"is not rounded to float16.*round_weights first"):
        save_checkpoint("tiny", model, facts, folder=tmp_path)
    exact = {key: value.clone() for key, value in model.state_dict().items()}
    round_weights(model, "float16")
    written = save_checkpoint("tiny", model, facts, folder=tmp_path)
    back = load_checkpoint("tiny", folder=tmp_path)
    assert back.card == written
    for key, value in back.model.state_dict().items():
        assert torch.equal(value, model.state_dict()[key]), key
        assert value.dtype == exact[key].dtype
        few = value.ndim < 2  # biases and batch norm
        assert torch.equal(value, exact[key] if few else exact[key].half().float()), key
    full = save_checkpoint("full", model, dataclasses.replace(facts, stored="float32"),
                           folder=tmp_path)  # fmt: skip
    assert written.bytes < full.bytes
