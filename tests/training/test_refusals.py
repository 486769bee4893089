"""What ``fit`` refuses: the words say what came in, the rule and the remedy, before any step."""

from collections import OrderedDict, namedtuple
from functools import partial
from types import MappingProxyType

import pytest
import torch
from torch import nn

from segviz.training import devices, fit
from segviz.training.devices import chosen, takes_bfloat16
from segviz.training.optimizers import divided, name_of

QUIET = {"bfloat16": False, "progress": False, "on": "cpu"}
cross_entropy = nn.CrossEntropyLoss()


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1))


def draw(generator):
    images = torch.rand((3, 1, 8, 8), generator=generator)
    return images, (images[:, 0, 1:-1, 1:-1] > 0.5).long()


def trained(model=None, draw=draw, loss=cross_entropy, **more):
    model = network() if model is None else model
    history = fit(model, draw, loss, **{"steps": 3, "learning_rate": 0.1, **QUIET, **more})
    return model, history


class Returning(nn.Module):
    """A network whose output is packed by a function."""

    def __init__(self, packed):
        super().__init__()
        self.layers, self.packed = network(), packed

    def forward(self, images):
        return self.packed(self.layers(images))


Both = namedtuple("Both", ["first", "second"])


@pytest.mark.parametrize(
    ("packed", "loss"),
    [
        (lambda out: (out, out.argmax(1)), lambda found, target: found[0]),
        (lambda out: [out], lambda found, target: found[0]),
        (lambda out: {"out": out, "all": (out,)}, lambda found, target: found["all"][0]),
        (lambda out: Both(out, out), lambda found, target: found.second),
    ],
    ids=["tuple", "list", "dict", "named"],
)
@pytest.mark.parametrize("bfloat16", [False, True])
def test_networks_of_several_outputs_learn_as_those_of_one(packed, loss, bfloat16):
    seen = []

    def of_several(found, target):
        seen.append(found)
        part = loss(found, target)
        assert part.dtype == torch.float32
        return cross_entropy(part, target)

    several, history = trained(Returning(packed), loss=of_several, bfloat16=bfloat16)
    single, expected = trained(bfloat16=bfloat16)
    assert history.loss == expected.loss
    for one, other in zip(several.parameters(), single.parameters(), strict=True):
        assert torch.equal(one, other)
    assert type(seen[0]) is type(packed(torch.zeros(1, 2, 1, 1)))


def test_whole_numbers_among_the_outputs_stay_whole():
    def loss(found, target):
        assert found[1].dtype == torch.int64
        return cross_entropy(found[0], target)

    trained(Returning(lambda out: (out, out.argmax(1))), loss=loss)


def test_inputs_and_targets_may_be_dicts():
    def two(generator):
        images, target = draw(generator)
        return {"images": images}, {"mask": target}

    class Named(nn.Sequential):
        def forward(self, given):
            return super().forward(given["images"])

    _, history = trained(
        Named(*network()), two, lambda out, target: cross_entropy(out, target["mask"])
    )
    assert history.loss == trained()[1].loss


LOSSES = [
    (lambda out, target: None, TypeError, r"^loss returned None .*End it with return"),
    (
        lambda out, target: cross_entropy(out, target).item(),
        TypeError,
        r"\(float\).*without \.item",
    ),
    (lambda out, target: out[:, 0], ValueError, r"shape \(3, 6, 6\).*single real number.*mean"),
    (lambda out, target: out.mean() + 1j, ValueError, "complex64, but must return a single real"),
    (lambda out, target: cross_entropy(out, target).detach(), ValueError, "no .detach"),
    (lambda out, target: (out.argmax(1) - target).float().mean(), ValueError, "no gradient"),
]


@pytest.mark.parametrize(("loss", "kind", "words"), LOSSES)
def test_losses_without_a_gradient(loss, kind, words):
    model = network()
    before = [weight.clone() for weight in model.parameters()]
    with pytest.raises(kind, match=words):
        trained(model, loss=loss)
    for one, other in zip(model.parameters(), before, strict=True):
        assert torch.equal(one, other)


def test_a_loss_of_one_number_in_a_vector_is_one_number():
    assert trained(loss=lambda *both: cross_entropy(*both)[None])[1].loss == trained()[1].loss


DRAWN = [
    (lambda g: tuple(part.numpy() for part in draw(g)), r"ndarray\) of draw's inputs.*as_tensor"),
    (lambda g: (draw(g)[0], draw(g)[1].numpy()), r"ndarray\) of draw's target.*as_tensor\(target"),
    (lambda g: ([draw(g)[0], 3], draw(g)[1]), r"3 \(int\) of draw's inputs"),
    (lambda g: draw(g)[0], "a Tensor, but must return a pair.*return inputs, target"),
    (lambda g: draw(g)[0][:2], "a Tensor, but must return a pair"),  # nor is it cut into two
    (lambda g: (*draw(g), 1), "a tuple of 3, but must return a pair"),
    (lambda g: None, "a NoneType, but must return a pair"),
]


@pytest.mark.parametrize(("wrong", "words"), DRAWN)
def test_what_is_drawn_must_be_a_pair_of_tensors(wrong, words):
    with pytest.raises(TypeError, match=words):
        trained(draw=wrong)


@pytest.mark.parametrize("dtype", [torch.float64, torch.uint8, torch.float16])
@pytest.mark.parametrize("listed", [False, True])
def test_inputs_of_another_dtype_than_the_weights(dtype, listed):
    class First(nn.Sequential):
        def forward(self, given):
            return super().forward(given[0] if listed else given)

    def other(generator):
        images, target = draw(generator)
        return [images.to(dtype)] if listed else images.to(dtype), target

    words = rf"inputs of {dtype} .*dtype of its weights\. Use inputs\.to\(torch\.float32\) in draw"
    with pytest.raises(TypeError, match=words):
        trained(First(*network()), other)


def test_a_network_that_takes_bytes_itself_may_be_given_bytes():
    class OfBytes(nn.Sequential):
        def forward(self, images):
            return super().forward(images / 255)

    def in_bytes(generator):
        images, target = draw(generator)
        return (255 * images).byte(), target

    assert len(trained(OfBytes(*network()), in_bytes)[1].loss) == 3
    with pytest.raises(RuntimeError, match="channels"):  # its own fault, not that of the dtype
        trained(OfBytes(nn.Conv2d(3, 2, 3)), in_bytes)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_inputs_of_another_dtype_than_a_linear_layer_has(dtype):
    def other(generator):
        return torch.rand((3, 4), generator=generator).to(dtype), torch.zeros(3, dtype=torch.long)

    words = rf"inputs of {dtype} .*Use inputs\.to\(torch\.float32\) in draw"
    with pytest.raises(TypeError, match=words):
        trained(nn.Linear(4, 2), other)


class Stopping(nn.Module):
    """A network of an embedding, which takes whole numbers, that stops with words of its own."""

    def __init__(self, words):
        super().__init__()
        self.embedding, self.words = nn.Embedding(5, 2), words

    def forward(self, numbers):
        if self.words:
            raise RuntimeError(self.words)
        return self.embedding(numbers)


WORDS = [
    "no prototype for class 3",
    "this branch is not implemented yet",
    "mat1 and mat2 must have the same dtype, but got Long and Float",
]


@pytest.mark.parametrize("words", WORDS)
def test_a_networks_own_words_stay_as_they_are(words):
    def numbers(generator):
        found = torch.randint(5, (3,), generator=generator)
        return found, found % 2

    assert len(trained(Stopping(""), numbers)[1].loss) == 3
    with pytest.raises(RuntimeError, match=f"^{words}$"):
        trained(Stopping(words), numbers)


@pytest.mark.parametrize("words", WORDS[:2])
@pytest.mark.parametrize("dtype", [torch.float64, torch.uint8])
def test_so_they_do_where_the_inputs_have_another_dtype(words, dtype):
    with pytest.raises(RuntimeError, match=f"^{words}$"):
        trained(Stopping(words), lambda generator: (torch.zeros(3, dtype=dtype),) * 2)


class Named(OrderedDict):
    """As Hugging Face's outputs: what is in it can be had by name as well."""

    def __init__(self, *given, source="net", **more):
        super().__init__(*given, **more)
        self.source = source

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        super().__setattr__(key, value)


@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_dict_of_a_class_of_its_own_stays_of_it(bfloat16):
    def loss(found, target):
        assert type(found) is Named
        assert found.source == "net"
        assert found.logits is found["logits"]
        assert found.logits.dtype == torch.float32
        return cross_entropy(found.logits, target)

    several = trained(Returning(lambda out: Named(logits=out)), loss=loss, bfloat16=bfloat16)
    assert several[1].loss == trained(bfloat16=bfloat16)[1].loss


def test_a_dict_that_cannot_be_changed_may_be_returned():
    read_only = Returning(lambda out: MappingProxyType({"out": out}))
    found = trained(read_only, loss=lambda found, target: cross_entropy(found["out"], target))
    assert found[1].loss == trained()[1].loss


def test_drawn_dicts_are_left_as_they_were():
    given = {"images": torch.rand(3, 1, 8, 8).double()}
    before = dict(given)

    class First(nn.Sequential):
        def forward(self, named):
            assert named is not given
            return super().forward(named["images"].float())

    target = torch.zeros((3, 6, 6), dtype=torch.long)
    trained(First(*network()), lambda generator: (given, target))
    assert given.keys() == before.keys()
    assert given["images"] is before["images"]


@pytest.mark.parametrize("packed", [lambda out: (out, None), lambda out: {0: out, 1: None}])
def test_parts_of_what_a_network_returns_may_be_empty(packed):
    def loss(found, target):
        assert found[1] is None
        return cross_entropy(found[0], target)

    assert trained(Returning(packed), loss=loss)[1].loss == trained()[1].loss
    with pytest.raises(TypeError, match=r"None \(NoneType\) of draw's inputs"):
        trained(draw=lambda generator: ((draw(generator)[0], None), draw(generator)[1]))


@pytest.mark.parametrize("output", [None, "map", (torch.zeros(1), "map")])
def test_networks_that_return_no_tensor(output):
    with pytest.raises(TypeError, match=r"of what the model returns.*ends with: return output"):
        trained(Returning(lambda out: output))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Linear, r"nn\.Module\) that has been made"),
        ("unet", r"model='unet' must be a network.*create\('unet'\)"),
        (3, "model=3"),
        (nn.ReLU(), "but it has none"),
        (nn.LazyConv2d(2, 3), r"known shapes, but .*lazy.*Call model\(inputs\) once"),
        (network().requires_grad_(False), r"all its weights are frozen.*requires_grad_\(True\)"),
    ],
)
def test_what_cannot_be_trained(model, words):
    with pytest.raises((TypeError, ValueError), match=words):
        trained(model)


def test_no_network_at_all():
    with pytest.raises(TypeError, match="model=None must be a network"):
        fit(None, draw, cross_entropy, steps=1, learning_rate=0.1, **QUIET)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"draw": 3}, r"draw=3 must be a function\. Use def draw\(generator\)"),
        ({"draw": None}, "draw=None"),
        ({"loss": "ce"}, r"loss='ce' must be a function\. Use torch\.nn\.CrossEntropyLoss\(\)"),
        ({"loss": nn.CrossEntropyLoss}, "must be a function, not a class"),
        ({"loss": partial(nn.CrossEntropyLoss)}, "must be a function, not a class"),
        ({"loss": None}, "loss=None"),
        ({"optimizer": "adam"}, "optimizer='adam' must be a function.*lambda weights, rate"),
        ({"optimizer": torch.optim.SGD(network().parameters(), 0.1)}, "must be a function"),
        ({"optimizer": lambda weights, rate: None}, "optimizer returned None"),
        ({"optimizer": torch.optim.LBFGS}, "an LBFGS, which .* a single gradient a step. Use"),
        ({"on_step": True}, "on_step=True must be a function"),
    ],
)
def test_what_is_no_function(given, words):
    with pytest.raises(TypeError, match=words):
        trained(**given)


def test_an_optimizers_own_class_is_a_function():
    assert len(trained(optimizer=torch.optim.SGD)[1].loss) == 3
    assert len(trained(optimizer=partial(torch.optim.SGD, momentum=0.9))[1].loss) == 3
    assert len(trained(loss=partial(nn.functional.cross_entropy))[1].loss) == 3


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (None, TypeError, r"schedule returned None for step 2.*0\.99\*\*step"),
        ("fast", TypeError, "'fast'"),
        (torch.ones(2), TypeError, "tensor"),
        (float("nan"), ValueError, "schedule returned nan for step 2.*finite"),
        (-0.5, ValueError, r"-0\.5 for step 2.*at least 0"),
    ],
)
def test_schedules_that_return_no_factor(value, kind, words):
    with pytest.raises(kind, match=words):
        trained(schedule=lambda step: 1.0 if step < 2 else value)


def test_a_factor_may_be_a_tensor_or_a_switch():
    expected = trained(schedule=lambda step: 0.5 if step < 2 else 0)[1].loss
    for factor in (torch.tensor(0.5), torch.tensor([0.5])):
        found = trained(schedule=lambda step, factor=factor: factor if step < 2 else False)
        assert found[1].loss == expected


def test_schedules_are_known_by_name():
    class Halved:
        def __call__(self, step):
            return 0.5**step

    assert name_of(Halved()).endswith("Halved")
    assert name_of(divided(10, every=4)) != name_of(divided(10, every=8))


@pytest.mark.parametrize("on", ["x", "cuda:99", "cpu:9", "meta", "", 3, [], True])
def test_devices_that_are_not_here(on):
    with pytest.raises(
        (ValueError, TypeError), match=r"^on=.*device.*Use .*'cpu', or leave it out"
    ):
        trained(on=on)


def test_a_gpu_where_there_is_none(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: None)
    words = r"^on='cuda' must be a device that this machine has .*Use 'cpu', or leave it out\.$"
    with pytest.raises(ValueError, match=words):
        trained(on="cuda")


def test_a_gpu_where_there_is_one(monkeypatch):
    gpu = torch.device("cuda")
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available: gpu)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 2)
    assert chosen("cuda") == gpu
    assert chosen("cuda:1") == torch.device("cuda", 1)
    assert chosen(torch.device("cpu")).type == "cpu"
    with pytest.raises(ValueError, match=r"^on='cuda:2' .*Use 'cuda' or 'cpu'"):
        chosen("cuda:2")


@pytest.mark.parametrize("bfloat16", ["x", 1, 0.5])
def test_bfloat16_is_a_switch(bfloat16):
    with pytest.raises(TypeError, match=r"bfloat16=.* must be a switch\. Use True or False"):
        trained(bfloat16=bfloat16)


def test_why_there_is_no_bfloat16_is_told_as_it_is(monkeypatch, capsys):
    monkeypatch.setattr(devices, "has_bfloat16", lambda on: False)
    devices._say_float32.cache_clear()
    assert not takes_bfloat16(torch.device("cpu"), True, network())
    assert not takes_bfloat16(torch.device("mps"), None, network())  # it may well have it
    devices._say_float32.cache_clear()
    assert capsys.readouterr().out.splitlines() == [
        "This cpu has no hardware for bfloat16: training in float32.",
        "On mps we do not use bfloat16: training in float32.",
    ]
