"""V-Net by hand, stage after stage, and what its variants change."""

import pytest
import torch
from torch import nn

from segviz.models import VNet


def residual(stage, maps):
    """Convolution, PReLU, ..., convolution; then the sum with the input, tiled, and PReLU."""
    learned = maps
    for layer in stage.layers:
        learned = layer(learned)
    tiled = maps.repeat(1, learned.shape[1], 1, 1, 1)[:, : learned.shape[1]]
    return stage.activation(learned + tiled)


@pytest.mark.parametrize("form", ["paper", "release"])
@pytest.mark.parametrize("in_channels", [1, 3])
def test_vnet_by_hand(form, in_channels):
    model = VNet(in_channels, 3, width=2, depth=2, form=form).eval()
    volumes = torch.rand(1, in_channels, 8, 4, 12)
    with torch.no_grad():
        one = residual(model.left[0], volumes)
        two = residual(model.left[1], model.down[0](one))
        three = residual(model.left[2], model.down[1](two))
        up = residual(model.right[0], torch.cat([model.up[0](three), two], 1))
        up = residual(model.right[1], torch.cat([model.up[1](up), one], 1))
        assert torch.allclose(model(volumes), model.head(up), atol=1e-5)
    assert model(volumes).shape == (1, 3, 8, 4, 12)


def test_activations_are_prelu_for_each_channel():
    model = VNet(width=2)
    kinds = [type(layer) for layer in model.left[2].layers if not isinstance(layer, nn.Identity)]
    assert kinds == [nn.Conv3d, nn.PReLU, nn.Conv3d, nn.PReLU, nn.Conv3d]
    activations = [m for m in model.modules() if isinstance(m, nn.PReLU)]
    # One for each convolution of the stages, for each way down and for each way up.
    assert len(activations) == (1 + 2 + 3 + 3 + 3) + (3 + 3 + 2 + 1) + 4 + 4
    assert {a.weight.numel() for a in activations} == {2, 4, 8, 16, 32}


@pytest.mark.parametrize("form", ["paper", "release"])
def test_smallest_volume_trains_alone(form):
    model = VNet(2, 3, width=2, form=form)
    model(torch.rand(1, 2, 16, 16, 16)).square().mean().backward()
    assert all(weight.grad is not None for weight in model.parameters())


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((16, 30, 64), r"volumes of 16 x 30 x 64 do not fit: .* 8 x 15 x 32 cannot be halved\. "
                       r"Use 16 x 32 x 64 or 16 x 16 x 64\."),
        ((1, 1, 1), r"Use 16 x 16 x 16\."),
    ],
)  # fmt: skip
def test_illegal_sizes_name_the_nearest(size, words):
    with torch.device("meta"), pytest.raises(ValueError, match=words):
        VNet()(torch.zeros(1, 1, *size))


def test_norms_say_where_they_cannot_run():
    volume = torch.rand(1, 1, 4, 4, 4)
    for norm in ("batch", "instance"):
        model = VNet(width=2, depth=2, norm=norm)
        with pytest.raises(ValueError, match="1 x 1 x 1"):
            model(volume)
        model(torch.rand(1, 1, 8, 4, 4)).mean().backward()
    assert VNet(width=2, depth=2, norm="batch").eval()(volume).shape == (1, 2, 4, 4, 4)
    assert VNet(width=2, depth=2, norm="batch")(volume.expand(2, 1, 4, 4, 4)).shape[0] == 2


@pytest.mark.parametrize(
    ("norm", "train", "count", "offered"),
    [("batch", True, 1, 8), ("batch", True, 2, 4), ("batch", False, 1, 4), (None, True, 1, 4),
     ("instance", True, 1, 8), ("instance", False, 2, 8)],
)  # fmt: skip
def test_sizes_that_are_offered_can_be_run(norm, train, count, offered):
    model = VNet(width=2, depth=2, norm=norm).train(train)
    with pytest.raises(ValueError, match=rf"Use {offered} x {offered} x {offered}\."):
        model(torch.rand(count, 1, 3, 3, 3))
    model(torch.rand(count, 1, offered, offered, offered))


def test_initial_weights_are_those_of_he():
    weight = VNet(width=4).left[3].layers[3].weight
    assert weight.std().item() == pytest.approx((2 / weight[0].numel()) ** 0.5, rel=0.02)


@pytest.mark.parametrize(
    "images",
    [torch.zeros(1, 16, 16, 16), torch.zeros(1, 2, 16, 16, 16), torch.zeros(16, 16, 16), None],
)
def test_illegal_volumes(images):
    with pytest.raises((ValueError, TypeError), match=r"\(N, 1, D, H, W\)"):
        VNet(width=1)(images)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"form": "torch"}, "Use one of 'paper', 'release'"),
        ({"norm": "layer"}, "Use one of None, 'batch', 'instance'"),
        ({"depth": 0}, "depth"),
        ({"width": "16"}, "width"),
        ({"num_classes": 1}, "num_classes"),
    ],
)
def test_illegal_networks(settings, words):
    with torch.device("meta"), pytest.raises((ValueError, TypeError), match=words):
        VNet(**settings)
