"""The up-convolution of U-Net against torch's own layer, in both precisions and layouts."""

import pytest
import torch
from torch import nn

from segviz.models.upsampling import UpConvolution

LAYOUTS = [torch.contiguous_format, torch.channels_last]


def both(dtype, layout):
    """Results and gradients (maps, weight, bias) of ours and of torch's layer in float32."""
    torch.manual_seed(0)
    ours = UpConvolution(6, 3)
    torchs = nn.ConvTranspose2d(6, 3, 2, stride=2)
    torchs.load_state_dict(ours.state_dict())
    maps = torch.randn(2, 6, 5, 7).to(dtype).float()
    after = torch.randn(2, 3, 10, 14)
    found = []
    for layer, kind in ((ours, dtype), (torchs, torch.float32)):
        given = maps.to(kind, memory_format=layout, copy=True).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=kind != torch.float32):
            result = layer(given)
        assert result.dtype == kind
        (result.float() * after).sum().backward()
        found.append([result.float(), given.grad.float(), layer.weight.grad, layer.bias.grad])
    return found


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("dtype", "digits"), [(torch.float32, 1e-6), (torch.bfloat16, 1e-2)])
def test_as_torch(dtype, digits, layout):
    found, expected = both(dtype, layout)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert (one - other).abs().max() <= digits * other.abs().max()


def test_every_part_of_the_bias_counts():
    layer = UpConvolution(1, 3).bfloat16()
    nn.init.zeros_(layer.weight)
    layer.bias.data = torch.tensor([1.0, 2.0, 3.0]).bfloat16()
    result = layer(torch.randn(2, 1, 4, 5).bfloat16())
    assert result.shape == (2, 3, 8, 10)
    assert torch.equal(result, layer.bias[:, None, None].expand_as(result))
    result.sum().backward()
    assert layer.bias.grad.tolist() == [160, 160, 160]  # 2 pictures of 8 x 10 places


def test_one_picture_without_a_batch_and_a_size_that_is_asked_for():
    layer = UpConvolution(1, 3).bfloat16()
    maps = torch.randn(1, 1, 4, 5).bfloat16()
    expected = layer(maps)
    for found in (layer(maps[0])[None], layer(maps, output_size=[8, 10])):
        assert found.shape == expected.shape
        assert torch.allclose(found, expected, rtol=0.02, atol=0.02)


def test_channels_last_stays():
    layer = UpConvolution(4, 4).to(memory_format=torch.channels_last).bfloat16()
    maps = torch.randn(2, 4, 3, 3).bfloat16().to(memory_format=torch.channels_last)
    assert layer(maps).is_contiguous(memory_format=torch.channels_last)
