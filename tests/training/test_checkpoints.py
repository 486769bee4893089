"""Weights and cards: what comes back is what went in, and nothing else is accepted."""

import dataclasses
import json
import os

import pytest
import torch

from segviz.models import create
from segviz.training import Card, load_card, load_checkpoint, save_checkpoint
from segviz.training.cards import Score
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
