"""``create``: any network of the course by name."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from segviz.models._requirements import is_among
from segviz.ops._checks import shown, whole_number


def _fcn(stride: int, *, backbone: str = "vgg16", **variant: object) -> nn.Module:
    from segviz.models.fcn import FCN
    from segviz.models.fcn_ladder import FCNLadder

    forms: dict[str, Callable[..., nn.Module]] = {"efficientnet_lite0": FCNLadder}
    if stride >= 8:  # the paper stops there
        forms["vgg16"] = FCN
    if not is_among(backbone, list(forms)):
        raise ValueError(
            f"backbone={shown(backbone)} is none of those of fcn{stride}s. "
            f"Use {' or '.join(forms)}."
        )
    return _made(forms[backbone], variant, finest_stride=stride)


def _network(name: str, **variant: object) -> nn.Module:
    return _made(getattr(importlib.import_module("segviz.models"), name), variant)


_NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "sliding_window": partial(_network, "SlidingWindow"),
    "fcn32s": partial(_fcn, 32),
    "fcn16s": partial(_fcn, 16),
    "fcn8s": partial(_fcn, 8),
    "fcn4s": partial(_fcn, 4),
    "dcan": partial(_network, "DCAN"),
    "deeplab_v2": partial(_network, "DeepLabV2"),
    "deeplab_v3plus": partial(_network, "DeepLabV3Plus"),
    "segnet": partial(_network, "SegNet"),
    "segnet_basic": partial(_network, "SegNetBasic"),
    "unet": partial(_network, "UNet"),
    "vnet": partial(_network, "VNet"),
}


def create(
    name: str,
    *,
    in_channels: int | None = None,
    num_classes: int | None = None,
    seed: int | None = None,
    **variant: object,
) -> nn.Module:
    """Make a network of the course; what is not given is as in its paper.

    Parameters
    ----------
    name : str
        "sliding_window", "segnet", "segnet_basic", "unet", "vnet", "dcan"; "fcn32s", "fcn16s",
        "fcn8s" (``backbone="vgg16"`` as in the paper, or "efficientnet_lite0"), "fcn4s"
        (``backbone="efficientnet_lite0"`` only); "deeplab_v2" (``backbone="resnet101"``, "vgg16" or
        "efficientnet_lite0"); "deeplab_v3plus" (``backbone="xception65"``, "resnet101" or
        "efficientnet_lite0").
    in_channels, num_classes : int
    seed : int
        Seed of the initial weights; the generators of torch are left as they were. Without it the
        weights are drawn from torch's own generator.
    **variant
        What the network itself takes, such as ``patch_size=33``.

    Returns
    -------
    nn.Module
        In training mode, on the CPU (or on the device of a surrounding ``with torch.device(...)``).

    Raises
    ------
    ValueError, TypeError
        If there is no such network, or it does not take such an argument.

    Examples
    --------
    >>> create("sliding_window", patch_size=33).patch_size
    33
    >>> create("fcn9s")
    Traceback (most recent call last):
    ...
    ValueError: name='fcn9s' is none of our networks. Use fcn8s or fcn4s or fcn32s.
    """
    if not isinstance(name, str) or name not in _NETWORKS:
        close = difflib.get_close_matches(str(name), _NETWORKS) or list(_NETWORKS)
        raise ValueError(f"name={shown(name)} is none of our networks. Use {' or '.join(close)}.")
    for key, value in (("in_channels", in_channels), ("num_classes", num_classes)):
        if value is not None:
            variant[key] = value
    if seed is None:
        return _NETWORKS[name](**variant)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(whole_number(seed, "seed", 0))
        return _NETWORKS[name](**variant)


def _made(
    network: Callable[..., nn.Module], variant: dict[str, object], **fixed: object
) -> nn.Module:
    allowed = [key for key in inspect.signature(network).parameters if key not in fixed]
    for key, value in variant.items():
        if key in fixed:
            raise TypeError(
                f"{key}={shown(value)} cannot be chosen: the name of the network stands for "
                f"{fixed[key]}. Leave {key} out, or use another name."
            )
        if key not in allowed:
            raise TypeError(
                f"{key} is no argument of {getattr(network, '__name__', network)}. "
                f"It takes {', '.join(allowed)}."
            )
    return network(**fixed, **variant)
