"""A training that is stopped, killed or cut off goes on as if nothing had happened."""

import hashlib
import io
import multiprocessing
import os
import pickle
import random
import tempfile
import time

import pytest
import torch
from safetensors.torch import load_file, save, save_file
from torch import nn

from segviz.training import fit
from segviz.training.optimizers import divided, sgd

QUIET = {"bfloat16": False, "progress": False, "on": "cpu"}
SETTINGS = {"steps": 12, "learning_rate": 0.05, "seed": 3, "save_every": 1}


def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Conv2d(4, 2, 1)
    return nn.Sequential(*layers)


def draw(generator):
    images = torch.rand((3, 1, 8, 8), generator=generator)
    return images, (images[:, 0, 1:-1, 1:-1] > 0.5).long()


def trained(state=None, on_step=None, **more):
    model = network()
    settings = {**QUIET, **SETTINGS, "state": state, "on_step": on_step, **more}
    return model, fit(model, draw, nn.CrossEntropyLoss(), **settings)


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"schedule": "one_cycle"},
        {"schedule": "poly", "optimizer": sgd(0.9, 1e-4)},
        {"schedule": divided(10, every=4), "optimizer": sgd(0.99)},
        {"bfloat16": True},
    ],
    ids=["adamw", "one_cycle", "poly", "divided", "bfloat16"],
)
@pytest.mark.parametrize("stopped_at", [0, 4, 10])
def test_it_goes_on_bit_for_bit(tmp_path, more, stopped_at):
    whole, history = trained(**more)
    state = tmp_path / "a.state"
    _, first = trained(state, on_step=lambda step, loss: step == stopped_at, **more)
    assert len(first.loss) == stopped_at + 1
    torch.manual_seed(99)  # nothing but the state may matter
    resumed, all_of_it = trained(state, **more)
    assert same(resumed, whole)
    assert all_of_it.loss == history.loss
    assert all_of_it.seconds > first.seconds
    finished, again = trained(state, **more)  # nothing is left to do
    assert same(finished, whole)
    assert again.loss == history.loss


def test_a_state_is_written_every_so_many_steps_and_behind_the_last(tmp_path):
    state, written = tmp_path / "folder" / "a.state", []

    def look(step, loss):
        written.append(state.stat().st_mtime_ns if state.exists() else None)

    trained(state, on_step=look, save_every=5)
    assert written[:5] == [None] * 5
    assert written[5] is not None
    assert len(set(written)) == 3  # none, behind step 5, behind step 10
    assert state.stat().st_mtime_ns > written[-1]
    assert [path.name for path in state.parent.iterdir()] == ["a.state"]


LONGER = {"steps": 80}  # each kill lets one to three steps pass


def slowly(state):
    trained(state, on_step=lambda step, loss: time.sleep(0.02), **LONGER)


@pytest.fixture(scope="module")
def processes():
    """New processes, which have torch imported already where they can be forked."""
    can_fork = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if can_fork else "spawn")
    if can_fork:
        context.set_forkserver_preload(["segviz.training.loop", "torch._dynamo"])
    return context


def test_killed_at_random_moments_it_ends_with_the_same_weights(tmp_path, processes):
    whole, _ = trained(**LONGER)
    state, chance = tmp_path / "a.state", random.Random(0)
    for _ in range(20):
        before = state.stat().st_mtime_ns if state.exists() else 0
        running = processes.Process(target=slowly, args=(state,))
        running.start()
        while running.is_alive() and (state.stat().st_mtime_ns if state.exists() else 0) == before:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.04))
        running.kill()
        running.join()
        assert running.exitcode != 0  # killed, not done
    resumed, history = trained(state, **LONGER)
    assert same(resumed, whole)
    assert len(history.loss) == LONGER["steps"]


@pytest.fixture
def state(tmp_path):
    path = tmp_path / "a.state"
    trained(path, on_step=lambda step, loss: step == 3)
    return path


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"<html>",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
        lambda content: content[::-1],
    ],
)
def test_a_damaged_state_is_never_used(state, damage):
    state.write_bytes(damage(state.read_bytes()))
    with pytest.raises(ValueError, match=r"^a\.state .*without --resume, or delete a\.state\.$"):
        trained(state)


def test_every_byte_counts(state):
    content = state.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    chance = random.Random(1)
    for place in [chance.randrange(header, len(content)) for _ in range(40)]:
        state.write_bytes(
            content[:place] + bytes([content[place] ^ (1 << place % 8)]) + content[place + 1 :]
        )
        with pytest.raises(ValueError, match="damaged"):
            trained(state)


def test_weights_without_the_rest_are_no_state(state):
    tensors = load_file(state)
    del tensors["rest"]
    save_file(tensors, state)
    with pytest.raises(ValueError, match=r"a\.state is damaged"):
        trained(state)


def test_what_could_run_code_is_refused(state):
    """A pickle of a function instead of numbers: torch's weights_only does not open it."""
    tensors = load_file(state)
    tensors["rest"] = torch.frombuffer(bytearray(pickle.dumps(os.system, 2)), dtype=torch.uint8)
    digest = hashlib.sha256(save(tensors)).hexdigest()
    state.write_bytes(save(tensors, {"sha256": digest}))
    with pytest.raises(ValueError, match=r"a\.state cannot be read"):
        trained(state)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"steps": 13}, "steps=12, but this one has steps=13"),
        ({"seed": 4}, "seed=3"),
        ({"learning_rate": 0.1}, r"lr=0\.05"),
        ({"weight_decay": 0.5}, "weight_decay"),
        ({"schedule": "one_cycle"}, "schedule=ConstantLR"),
        ({"optimizer": sgd(0.9)}, "optimizer=AdamW"),
    ],
)
def test_the_state_of_another_training_is_refused(state, more, words):
    with pytest.raises(ValueError, match=words):
        trained(state, **more)


def half(step):
    return 0.5


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ("poly", half, "schedule_name=poly, but this one has schedule_name=half"),
        (half, "poly", "schedule_name=half, but this one has schedule_name=poly"),
        (divided(10, every=4), divided(10, every=5), r"divided\(by=10, every=4\), but"),
    ],
)
def test_another_schedule_is_refused(tmp_path, one, other, words):
    state = tmp_path / "a.state"
    trained(state, on_step=lambda step, loss: step == 3, schedule=one)
    with pytest.raises(ValueError, match=words + r".*or delete a\.state\."):
        trained(state, schedule=other)


def test_other_frozen_layers_are_refused(state):
    model = network()
    model[0].requires_grad_(False)
    words = r"frozen=\(\), but this one has frozen=\('0\.weight', '0\.bias'\)"
    with pytest.raises(ValueError, match=words):
        fit(model, draw, nn.CrossEntropyLoss(), state=state, **QUIET, **SETTINGS)


def signed(state, change):
    """Change what a state remembers, and sign it again."""
    tensors = load_file(state)
    rest = torch.load(io.BytesIO(tensors["rest"].numpy().tobytes()), weights_only=True)
    buffer = io.BytesIO()
    torch.save(change(rest), buffer)
    tensors["rest"] = torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)
    state.write_bytes(save(tensors, {"sha256": hashlib.sha256(save(tensors)).hexdigest()}))


def test_a_state_of_the_older_form_goes_on(state):
    def older(rest):
        facts = {
            key: rest["facts"][key] for key in rest["facts"].keys() - {"schedule_name", "frozen"}
        }
        return {**rest, "facts": facts}

    signed(state, older)
    resumed, history = trained(state)
    assert same(resumed, trained()[0])
    assert len(history.loss) == SETTINGS["steps"]


@pytest.mark.parametrize("key", ["optimizer", "schedule", "chance", "history", "facts"])
def test_a_signed_state_that_lacks_something(state, key):
    signed(state, lambda rest: {name: rest[name] for name in rest if name != key})
    with pytest.raises(ValueError, match=r"^a\.state cannot be read.*or delete a\.state\.$"):
        trained(state)


def test_a_signed_state_without_a_fact(state):
    signed(state, lambda rest: {**rest, "facts": {}})
    with pytest.raises(ValueError, match="steps=None, but this one has steps=12"):
        trained(state)


def test_weights_of_another_dtype_are_another_networks(state):
    tensors = load_file(state)
    tensors["model.0.weight"] = tensors["model.0.weight"].int()
    state.write_bytes(save(tensors, {"sha256": hashlib.sha256(save(tensors)).hexdigest()}))
    with pytest.raises(ValueError, match="of another network"):
        trained(state)


def test_a_dtype_that_torch_has_not(state):
    header = b'{"rest":{"dtype":"F8_E8M0","shape":[4],"data_offsets":[0,4]}}'
    state.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(ValueError, match=r"a\.state cannot be read \('F8_E8M0'\)"):
        trained(state)


def never(generator):
    raise AssertionError("a step was begun")


def begun(state):
    fit(network(), never, nn.CrossEntropyLoss(), state=state, **QUIET, **SETTINGS)


def test_where_no_state_can_be_written_is_told_before_the_first_step(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"is a folder, but must be a file\. Use one in a folder"):
        begun(tmp_path)
    file = tmp_path / "file"
    file.write_text("kept")
    with pytest.raises(OSError, match=r"state=.*a file is in the way.*Use a folder of your own"):
        begun(file / "folder" / "a.state")
    with pytest.raises(TypeError, match="state=3 must be a path"):
        begun(3)

    def forbidden(**options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", forbidden)
    with pytest.raises(OSError, match=r"state=.*Permission denied\)\. Use a folder of your own"):
        begun(tmp_path / "a.state")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert file.read_text() == "kept"


def test_the_state_of_another_network_is_refused(state):
    other = nn.Sequential(nn.Conv2d(1, 5, 3), nn.Conv2d(5, 2, 1))
    with pytest.raises(ValueError, match="of another network"):
        fit(other, draw, nn.CrossEntropyLoss(), state=state, **QUIET, **SETTINGS)


def test_a_disk_that_is_full_leaves_the_older_state(state, monkeypatch):
    before = state.read_bytes()

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        trained(state)
    monkeypatch.undo()
    assert state.read_bytes() == before
    assert [path.name for path in state.parent.iterdir()] == ["a.state"]


class Tied(nn.Module):
    """Both ways share one weight; the bias is a part of another tensor."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.down, self.up = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(1, 2, 3, padding=1)
        self.up.weight = self.down.weight
        numbers = torch.zeros(6)
        self.up.bias, self.down.bias = nn.Parameter(numbers[:2]), nn.Parameter(numbers[2:4])

    def forward(self, images):
        return (self.down(images) * self.up(images))[:, :, 1:-1, 1:-1]


def test_weights_that_are_shared_are_kept_and_go_on_being_shared(tmp_path):
    state, settings = tmp_path / "a.state", {**QUIET, **SETTINGS, "state": tmp_path / "a.state"}
    whole, stopped, resumed = Tied(), Tied(), Tied()
    fit(whole, draw, nn.CrossEntropyLoss(), **{**settings, "state": None})
    fit(stopped, draw, nn.CrossEntropyLoss(), on_step=lambda step, loss: step == 5, **settings)
    assert state.exists()
    assert not same(stopped, whole)
    fit(resumed, draw, nn.CrossEntropyLoss(), **settings)
    assert same(resumed, whole)
    assert resumed.up.weight is resumed.down.weight


def test_what_a_network_remembers_beside_tensors_is_refused_before_the_first_step(tmp_path):
    class Counting(nn.Conv2d):
        def get_extra_state(self):
            return {"calls": 3}

    words = r"^0\._extra_state of the network is a dict, but .*only tensors\. Use register_buffer"
    with pytest.raises(TypeError, match=words):
        fit(nn.Sequential(Counting(1, 2, 3)), never, nn.CrossEntropyLoss(),
            state=tmp_path / "a.state", **QUIET, **SETTINGS)  # fmt: skip


def test_save_every_counts_steps():
    with pytest.raises(ValueError, match="save_every"):
        trained(save_every=0)
