"""Recipe ``camvid_atrous``: output strides, ASPP and a dense CRF on a frozen backbone.

For lecture 08, on the pictures of ``camvid_ladder`` and with its budget, so that the cards of both
stand in one table. The heads of the three output strides are one 3 x 3 convolution each, whose rate
grows as the stride shrinks: they see the same pixels, and differ in how densely they stand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from segviz.datasets import Samples
from segviz.losses import cross_entropy
from segviz.models import DeepLabV2, DeepLabV3Plus, EfficientNetLite0
from segviz.postprocessing import dense_crf
from segviz.training._scores import street_scores
from segviz.training.devices import device
from segviz.training.loop import Draw
from segviz.training.recipe import Network, Recipe


@dataclass(frozen=True)
class Features:
    """The maps of the training pictures and their mirror images, and what they should become.

    ``maps[16, 4]`` are those of stride 4 of the backbone with output stride 16.
    """

    maps: dict[tuple[int, int], Tensor]  # (pictures, channels, rows, columns)
    masks: Tensor


class FromFeatures(nn.Module):
    """A network behind its frozen backbone: the maps in, the scores of all pixels out."""

    def __init__(self, model: DeepLabV2 | DeepLabV3Plus) -> None:
        super().__init__()
        self.model = model

    def forward(self, maps: list[Tensor]) -> Tensor:
        return self.model.from_features(maps, [self.model.stride * n for n in maps[0].shape[-2:]])


@torch.no_grad()
def prepare(samples: Samples, progress: bool) -> Features:
    """Run each backbone once; none changes, so every step would compute the same again."""
    backbones = {stride: _backbone(stride) for stride in (32, 16, 8)}
    read = [*((stride, stride) for stride in backbones), (16, 4)]
    kept: dict[tuple[int, int], list[Tensor]] = {key: [] for key in read}
    masks = []
    for sample in tqdm(samples, desc="features", disable=not progress):
        both = torch.stack([sample.image, sample.image.flip(-1)]).to(device())
        both = both.contiguous(memory_format=torch.channels_last)
        found = {stride: backbone(both) for stride, backbone in backbones.items()}
        for (output_stride, stride), maps in kept.items():
            maps.append(found[output_stride][stride].cpu())
        mask = sample.labels()["mask"]
        masks += [mask, mask.flip(-1)]
    return Features({key: torch.cat(maps) for key, maps in kept.items()}, torch.stack(masks))


def _backbone(output_stride: int) -> nn.Module:
    backbone = EfficientNetLite0(output_stride=output_stride).eval()
    return backbone.to(device(), memory_format=torch.channels_last)  # type: ignore[call-overload]


def draw(features: Features, model: DeepLabV2 | DeepLabV3Plus, batch_size: int) -> Draw:
    """Draw pictures or their mirror images, as the maps that this network reads."""
    fine = isinstance(model, DeepLabV3Plus) and model.decoder is not None
    strides = (model.stride, 4) if fine else (model.stride,)
    read = [features.maps[model.stride, stride] for stride in strides]

    def next_batch(generator: torch.Generator) -> tuple[list[Tensor], Tensor]:
        chosen = torch.randperm(len(features.masks), generator=generator)[:batch_size]
        return [maps[chosen] for maps in read], features.masks[chosen]

    return next_batch


class Sharpened(nn.Module):
    """A network with a dense CRF behind it; gives probabilities."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        pairs = zip(self.model(images).softmax(1).cpu(), images.cpu(), strict=True)
        return torch.stack([torch.from_numpy(dense_crf(soft, image)) for soft, image in pairs])


def scores_with_crf(model: nn.Module, samples: Samples, progress: bool) -> dict[str, float]:
    """Segment pictures without and with the CRF, whose settings are those of its paper."""
    alone, sharpened = (street_scores(m, samples, progress) for m in (model, Sharpened(model)))
    return alone | {f"crf_{metric}": sharpened[metric] for metric in ("mean_iou", "boundary_f1")}


FROZEN = {"backbone": "efficientnet_lite0", "frozen": True, "in_channels": 3, "num_classes": 11}


def _head(stride: int, *rates: int, fusion: str = "sum", **goals: float) -> Network:
    variant = FROZEN | {"output_stride": stride, "rates": list(rates), "norm": True}
    return Network("deeplab_v2", variant | {"fusion": fusion}, at_least=goals)


RATES = (1, 2, 3, 5)  # the paper's 6 to 24 would mostly stand outside the 12 x 16 places
SKIP = FROZEN | {"output_stride": 16, "rates": [2, 4, 6], "hidden": 64, "fine": 16}

RECIPE = Recipe(
    name="camvid_atrous",
    title="Take strides out, put rates side by side, sharpen: on a frozen EfficientNet-Lite0",
    set="camvid",
    size=(192, 256),
    networks={
        "camvid_stride32": _head(32, 1, mean_iou=0.34),
        "camvid_stride16": _head(16, 2, mean_iou=0.34),
        "camvid_stride8": _head(8, 4, mean_iou=0.34),
        "camvid_aspp": replace(
            _head(16, *RATES, mean_iou=0.34, crf_boundary_f1=0.14), measure=scores_with_crf
        ),
        "camvid_aspp_maximum": _head(16, *RATES, fusion="maximum", mean_iou=0.32),
        "camvid_aspp_concatenation": _head(16, *RATES, fusion="concatenation", mean_iou=0.34),
        "camvid_aspp_skip": Network(
            "deeplab_v3plus", SKIP, {"mean_iou": 0.37, "boundary_f1": 0.2}, learning_rate=1e-2
        ),
        # The control of camvid_aspp_skip, from which camvid_aspp differs in much else.
        "camvid_aspp_without_decoder": Network(
            "deeplab_v3plus",
            SKIP | {"decoder": False},
            at_least={"mean_iou": 0.32},
            at_most={"boundary_f1": 0.13},
            learning_rate=1e-2,
        ),
    },
    loss=cross_entropy,
    augmentation="mirror images",
    steps=120,
    batch_size=8,
    learning_rate=2e-3,
    schedule="one_cycle",
    budget=30,
    prepare=prepare,
    draw=draw,
    measure=street_scores,
    trained=FromFeatures,
    stored="float16",
)
