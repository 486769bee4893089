"""Weight gradients in bfloat16 on a CPU, where the maps are hardly larger than the kernel."""

import copy
import pickle

import pytest
import torch
from torch import nn

from segviz.models import create
from segviz.training import _small_maps, fit

LAYERS = {
    "5 x 5 x 5 on 4 rows": (nn.Conv3d(4, 8, 5, padding=2), (4, 8, 8)),
    "5 x 5 x 5 on V-Net's bottom": (nn.Conv3d(8, 8, 5, padding=2), (3, 4, 3)),
    "3 x 3 x 3 on 2 x 2 x 2": (nn.Conv3d(8, 8, 3, padding=1), (2, 2, 2)),
    "3 x 3 on 1 x 1": (nn.Conv2d(8, 8, 3, stride=2, padding=1), (1, 1)),
    "padding that is named": (nn.Conv2d(8, 8, 3, padding="same"), (8, 1)),
    "stride beyond the kernel": (nn.Conv2d(8, 8, 3, stride=(2, 4), padding=1, groups=2), (7, 3)),
    "transposed": (nn.ConvTranspose3d(8, 8, 3, stride=2, padding=1), (5, 1, 4)),
}


def poison():
    """Leave memory behind that is not 0, for those who do not write to theirs."""
    left = [torch.full((2**size,), float("nan")) for size in range(6, 22)]
    del left


def gradients(model, maps, bfloat16):
    model.zero_grad()
    poison()
    with (
        _small_maps.in_float32(model, bfloat16_on_cpu=bfloat16),
        torch.autocast("cpu", torch.bfloat16, enabled=bfloat16),
    ):
        output = model(maps)
    poison()
    output.float().square().mean().backward()
    return torch.cat([weight.grad.flatten() for weight in model.parameters()])


def channels_last(model, *size):
    layout = torch.channels_last if len(size) == 4 else torch.channels_last_3d
    maps = torch.rand(size, generator=torch.Generator().manual_seed(0)) - 0.5
    return copy.deepcopy(model).to(memory_format=layout), maps.contiguous(memory_format=layout)


def vnet_bottom():
    torch.manual_seed(0)
    layers = [nn.Conv3d(8, 16, 2, stride=2), nn.PReLU(16), nn.Conv3d(16, 16, 5, padding=2)]
    return nn.Sequential(*layers, nn.PReLU(16), nn.ConvTranspose3d(16, 8, 2, stride=2))


@pytest.mark.parametrize(
    ("model", "size"),
    [*LAYERS.values(), (vnet_bottom(), (6, 8, 6))],
    ids=[*LAYERS, "V-Net's bottom"],
)
def test_gradients_are_those_of_float32(model, size):
    first = next(layer for layer in model.modules() if hasattr(layer, "in_channels"))
    model, maps = channels_last(model, 2, first.in_channels, *size)
    expected, found = (gradients(model, maps, bfloat16) for bfloat16 in (False, True))
    assert (found - expected).norm() < 0.1 * expected.norm()
    assert torch.equal(found, gradients(model, maps, True))


def test_a_seed_gives_the_same_vnet_bit_for_bit():
    """Its box of 48 x 64 x 48 is 3 x 4 x 3 at the bottom."""
    images = torch.rand((1, 1, 48, 64, 48), generator=torch.Generator().manual_seed(0))
    batch = images, (images[:, 0] > 0.5).long()

    def weights():
        poison()
        model = create("vnet", seed=0, in_channels=1, num_classes=2, width=4, depth=4)
        fit(model, lambda generator: batch, nn.CrossEntropyLoss(), steps=2, learning_rate=1e-3,
            bfloat16=True, progress=False, on="cpu")  # fmt: skip
        return torch.cat([weight.detach().flatten() for weight in model.parameters()])

    one = weights()
    assert one.isfinite().all()
    assert torch.equal(one, weights())


def seen(layer, size, dtype=torch.float32):
    with (
        _small_maps.in_float32(layer, bfloat16_on_cpu=True),
        torch.autocast("cpu", torch.bfloat16),
    ):
        return layer(torch.rand(1, layer.in_channels, *size).to(dtype)).dtype


def test_only_small_maps_are_computed_in_float32():
    padded = nn.Conv2d(2, 2, 3, padding=1)
    assert seen(padded, (3, 3)) == torch.bfloat16
    assert seen(padded, (2, 9)) == torch.float32
    assert seen(padded, (9, 2), torch.bfloat16) == torch.float32
    assert seen(nn.Conv2d(2, 2, 3), (3, 3)) == torch.bfloat16  # no padding, nothing to be wrong
    assert seen(nn.Conv2d(2, 2, 3, stride=4), (40, 40)) == torch.float32
    assert seen(nn.Conv2d(2, 2, 1, stride=2), (9, 9)) == torch.bfloat16


def test_it_ends_with_the_block_whatever_happens():
    model = vnet_bottom()
    names = list(model.state_dict())

    def interrupted():
        with _small_maps.in_float32(model, bfloat16_on_cpu=True):
            assert "forward" in vars(model[2])
            assert list(model.state_dict()) == names
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not any("forward" in vars(layer) for layer in model.modules())


def test_copies_made_in_between_have_their_own_weights():
    model, maps = nn.Conv2d(2, 2, 3, padding=1), torch.rand(1, 2, 2, 2)
    with _small_maps.in_float32(model, bfloat16_on_cpu=True):
        copies = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    expected = model(maps)
    nn.init.zeros_(model.weight)
    for one in copies:
        assert torch.equal(one(maps), expected)


def test_on_other_devices_and_in_float32_nothing_is_changed():
    model = vnet_bottom()
    with _small_maps.in_float32(model, bfloat16_on_cpu=False):
        assert not any("forward" in vars(layer) for layer in model.modules())
