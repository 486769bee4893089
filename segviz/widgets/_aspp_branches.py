"""ASPP's branches on a frozen backbone, small enough to come with the course, and a drawn street.

``python -m segviz.widgets._aspp_training`` fits them anew, to drawn streets. Each branch answers
alone, so that its map says what its own rate sees; then each head's 1 x 1 convolution is fitted to
their answers. (In DeepLab all learn together, behind the fusion.)
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from segviz.datasets.registry import course_data
from segviz.models.deeplab_v2 import HEADS as RATES_OF
from segviz.widgets._aspp_input import MEAN, POINT

HEADS: Mapping[str, tuple[int | str, ...]] = {
    "ASPP-S": RATES_OF["aspp_s"],
    "ASPP-L": RATES_OF["aspp_l"],
    "DeepLab v3+": (POINT, 6, 12, 18, MEAN),
}
RATES = tuple(dict.fromkeys(rate for rates in HEADS.values() for rate in rates))
STRIDE, CHANNELS, CLASSES = 8, 64, 11
FILE = "aspp_branches.safetensors"
SIZE = (192, 256)


def network() -> nn.ModuleDict:
    """The reduction of the backbone's 320 maps to 64, one branch a rate, one join a head."""
    reduce = nn.Conv2d(320, CHANNELS, 1)
    joins = {head: nn.Conv2d(CLASSES * len(rates), CLASSES, 1) for head, rates in HEADS.items()}
    branches = {str(rate): _branch(rate) for rate in RATES}
    return nn.ModuleDict(
        {"reduce": reduce, "branches": nn.ModuleDict(branches), "joins": _named(joins)}
    )


def _branch(rate: int | str) -> nn.Conv2d:
    if rate in (POINT, MEAN):
        return nn.Conv2d(CHANNELS, CLASSES, 1)
    return nn.Conv2d(CHANNELS, CLASSES, 3, padding=int(rate), dilation=int(rate))


def _named(joins: Mapping[str, nn.Module]) -> nn.ModuleDict:
    """Under names without the dots and blanks that torch does not take."""
    return nn.ModuleDict({_key(head): join for head, join in joins.items()})


def _key(head: str) -> str:
    return "".join(one for one in head.lower() if one.isalnum())


def branch_scores(net: nn.ModuleDict, features: Tensor) -> dict[int | str, Tensor]:
    """Rate -> scores (N, K, h, w) of the backbone's maps (N, 320, h, w)."""
    maps = net["reduce"](features)
    scores = {}
    for rate in RATES:
        seen = maps.mean((2, 3), keepdim=True) if rate == MEAN else maps
        scores[rate] = net.get_submodule(f"branches.{rate}")(seen).expand(-1, -1, *maps.shape[2:])
    return scores


def joined(net: nn.ModuleDict, head: str, scores: Mapping[int | str, Tensor]) -> Tensor:
    """The 1 x 1 convolution of a head's branches, laid on each other."""
    return join_of(net, head)(torch.cat([scores[rate] for rate in HEADS[head]], 1))


def join_of(net: nn.ModuleDict, head: str) -> nn.Module:
    """The 1 x 1 convolution of a head."""
    return net.get_submodule(f"joins.{_key(head)}")


def backbone() -> nn.Module:
    """EfficientNet-Lite0 with ImageNet weights; its maps at stride 8 have 320 channels."""
    from segviz.models import EfficientNetLite0

    return EfficientNetLite0(output_stride=STRIDE).eval()


@cache
def trained() -> nn.ModuleDict:
    """The network with the weights that come with the course."""
    from safetensors.torch import load_file

    net = network()
    weights = load_file(course_data() / FILE)
    net.load_state_dict({name: _read(weight) for name, weight in weights.items()})
    return net.eval()


def _read(weight: Tensor) -> Tensor:
    return weight.float() if weight.is_floating_point() else weight


@cache
@torch.no_grad()
def street() -> tuple[Any, dict[str, dict[int | str, Any]], dict[str, tuple[Any, Any]], Any]:
    """A drawn street: picture, head -> {rate: scores}, head -> join (weight, bias), its truth."""
    from segviz.datasets.synthetic import streets

    [drawn] = streets(1, size=SIZE, seed=5)
    net = trained()
    scores = branch_scores(net, backbone()(drawn.image[None])[STRIDE])
    heads = {head: {rate: scores[rate][0].numpy() for rate in HEADS[head]} for head in HEADS}
    joins = {head: _weights(join_of(net, head)) for head in HEADS}
    return drawn.image, heads, joins, drawn.mask


def _weights(join: Any) -> tuple[Any, Any]:
    return join.weight.detach().flatten(1).numpy(), join.bias.detach().numpy()
