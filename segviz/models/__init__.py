"""One network per paper, readable beside its figure.

Names are imported when they are first used; ``create`` makes any of the networks by name.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .backbones import EfficientNetLite0
    from .catalogue import create
    from .dcan import DCAN, DCANScores
    from .deeplab_v2 import DeepLabV2
    from .deeplab_v3plus import DeepLabV3Plus
    from .fcn import FCN
    from .fcn_ladder import FCNLadder
    from .fully_convolutional import shift_and_stitch, to_convolutional, to_fully_convolutional
    from .segnet import SegNet, SegNetBasic
    from .sliding_window import SlidingWindow, extract_patches, predict_patches
    from .unet import UNet
    from .vnet import VNet

_HOME = {
    "DCAN": "dcan",
    "DCANScores": "dcan",
    "DeepLabV2": "deeplab_v2",
    "DeepLabV3Plus": "deeplab_v3plus",
    "EfficientNetLite0": "backbones",
    "FCN": "fcn",
    "FCNLadder": "fcn_ladder",
    "SegNet": "segnet",
    "SegNetBasic": "segnet",
    "SlidingWindow": "sliding_window",
    "UNet": "unet",
    "VNet": "vnet",
    "create": "catalogue",
    "extract_patches": "sliding_window",
    "predict_patches": "sliding_window",
    "shift_and_stitch": "fully_convolutional",
    "to_convolutional": "fully_convolutional",
    "to_fully_convolutional": "fully_convolutional",
}

__all__ = [
    "DCAN",
    "FCN",
    "DCANScores",
    "DeepLabV2",
    "DeepLabV3Plus",
    "EfficientNetLite0",
    "FCNLadder",
    "SegNet",
    "SegNetBasic",
    "SlidingWindow",
    "UNet",
    "VNet",
    "create",
    "extract_patches",
    "predict_patches",
    "shift_and_stitch",
    "to_convolutional",
    "to_fully_convolutional",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
