"""Turn a patch classifier into a fully convolutional network with identical output.

Two steps. A dense layer that reads the last map of a patch is a convolution as large as that map;
with this alone the network runs on pictures of any size and answers once every ``stride`` pixels.
Shift-and-stitch fills the gaps: run it on every shift of the picture, interleave the answers. The
same numbers come from one run if no layer strides and every later layer is dilated instead, and no
value is computed twice: "atrous".

J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for semantic segmentation", CVPR
2015, section 3; P. Sermanet et al., "OverFeat", ICLR 2014.
"""

from __future__ import annotations

import copy
import itertools

import torch
from torch import Tensor, nn

from segviz.models._dense_layers import DilatedAvgPool2d, DilatedMaxPool2d, MirrorPad2d
from segviz.models._patch_conversion import as_convolutions
from segviz.models._patch_layers import Sizes, pair
from segviz.models.blocks import Layers, check_images

__all__ = ["DenseClassifier", "shift_and_stitch", "to_convolutional", "to_fully_convolutional"]


class DenseClassifier(Layers):
    """A patch classifier that answers at every pixel of a picture in one run.

    Takes pictures of shape (N, C, H, W), returns scores of shape (N, K, H, W).
    """

    def __init__(self, layers: list[nn.Module], patch_size: Sizes) -> None:
        super().__init__(MirrorPad2d(patch_size), *layers)
        self.patch_size = patch_size

    def forward(self, images: Tensor) -> Tensor:
        height, width = _check_pictures(images, self).shape[-2:]
        scores = super().forward(images)
        if scores.shape[-2:] == (height, width):
            return scores
        # One answer too many for each last row of the patch that no window reads.
        return scores[..., :height, :width]


def to_convolutional(
    patch_classifier: nn.Module, *, patch_size: int | tuple[int, int] | None = None
) -> nn.Sequential:
    """Copy a patch classifier with its dense layers written as convolutions, strides kept.

    Arguments and errors are those of ``to_fully_convolutional``.

    Returns
    -------
    nn.Sequential
        Takes (N, C, H, W) with H, W at least ``patch_size``; returns (N, K, H', W'), one answer
        for each patch that a window of the network's stride meets.

    Examples
    --------
    >>> classifier = nn.Sequential(
    ...     nn.Conv2d(1, 4, 4), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 3 * 3, 2)
    ... )
    >>> to_convolutional(classifier, patch_size=9)
    Sequential(
      (0): Conv2d(1, 4, kernel_size=(4, 4), stride=(1, 1))
      (1): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
      (2): Conv2d(4, 2, kernel_size=(3, 3), stride=(1, 1))
    )
    """
    layers, _ = as_convolutions(patch_classifier, patch_size)
    return nn.Sequential(*layers).eval()


def to_fully_convolutional(
    patch_classifier: nn.Module, *, patch_size: int | tuple[int, int] | None = None
) -> DenseClassifier:
    """Copy a patch classifier as a network that gives the same scores at every pixel in one run.

    Every stride becomes 1, and what follows is dilated by as much. Scores agree with
    ``predict_patches`` up to the rounding of float32 (differences below 1e-5). A GPU may round
    convolutions to TF32 instead: ``torch.backends.cudnn.allow_tf32 = False`` forbids it.

    Parameters
    ----------
    patch_classifier : nn.Sequential
        Of Conv2d, MaxPool2d, AvgPool2d, AdaptiveAvgPool2d(1), BatchNorm, activations, dropout,
        Flatten and Linear, none of them padded. Left as it is; the copy is in evaluation mode.
    patch_size : int or (int, int)
        Width (or height and width) of its patches, the pixel at ``patch_size // 2``. By default
        ``patch_classifier.patch_size``; else its receptive field, the smallest patch it reads.

    Returns
    -------
    DenseClassifier
        (N, C, H, W) in, (N, K, H, W) out, for every picture size; borders are mirrored.

    Raises
    ------
    TypeError
        If the classifier is no ``nn.Sequential``.
    ValueError
        If one of its layers gives other results inside a picture than at the border of a patch,
        or does not fit the patch.

    Examples
    --------
    >>> classifier = nn.Sequential(
    ...     nn.Conv2d(1, 4, 4), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 3 * 3, 2)
    ... )
    >>> to_fully_convolutional(classifier, patch_size=9)
    DenseClassifier(
      (0): MirrorPad2d(patch_size=(9, 9))
      (1): Conv2d(1, 4, kernel_size=(4, 4), stride=(1, 1))
      (2): DilatedMaxPool2d(kernel_size=(2, 2), dilation=(1, 1))
      (3): Conv2d(4, 2, kernel_size=(3, 3), stride=(1, 1), dilation=(2, 2))
    )
    """
    layers, patch = as_convolutions(patch_classifier, patch_size)
    dense, rate = [], (1, 1)
    for layer in layers:
        dense.append(_without_stride(layer, rate))
        stride = pair(getattr(layer, "stride", 1))
        rate = (rate[0] * stride[0], rate[1] * stride[1])
    _reuse_memory(dense)
    model = DenseClassifier(dense, patch).eval()
    return model.to(memory_format=torch.channels_last)


def _without_stride(layer: nn.Module, rate: Sizes) -> nn.Module:
    if isinstance(layer, nn.AvgPool2d):
        kernel_size = pair(layer.kernel_size)
        divisor = layer.divisor_override or kernel_size[0] * kernel_size[1]
        return DilatedAvgPool2d(kernel_size, rate, divisor)
    if isinstance(layer, nn.MaxPool2d):
        return DilatedMaxPool2d(pair(layer.kernel_size), (1, 1), 0, _dilated(layer, rate))
    if isinstance(layer, nn.Conv2d):
        layer = copy.deepcopy(layer)
        layer.dilation, layer.stride = _dilated(layer, rate), (1, 1)
    return layer


def _dilated(layer: nn.Conv2d | nn.MaxPool2d, rate: Sizes) -> Sizes:
    rows, columns = pair(layer.dilation)
    return rows * rate[0], columns * rate[1]


def _reuse_memory(layers: list[nn.Module]) -> None:
    """Let a ReLU overwrite the map of a convolution or pooling, which nobody else reads.

    At full resolution a fresh map costs more time than the comparison with zero.
    """
    owners = (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d)
    for before, layer in itertools.pairwise(layers):
        if isinstance(layer, nn.ReLU) and isinstance(before, owners):
            layer.inplace = True


@torch.no_grad()
def shift_and_stitch(
    patch_classifier: nn.Module,
    images: Tensor,
    *,
    patch_size: int | tuple[int, int] | None = None,
) -> Tensor:
    """Classify every pixel by running the strided network on each shift of the pictures.

    Parameters
    ----------
    patch_classifier : nn.Sequential
        As for ``to_fully_convolutional``.
    images : tensor of shape (N, C, H, W)
    patch_size : int or (int, int)
        As for ``to_fully_convolutional``.

    Returns
    -------
    tensor of shape (N, K, H, W)
        The same scores as those of ``to_fully_convolutional``.

    Raises
    ------
    TypeError, ValueError
        As ``to_fully_convolutional``; or if the pictures have another shape.

    Examples
    --------
    A stride of 2 along both axes: four runs, each of which answers a quarter of the pixels.

    >>> classifier = nn.Sequential(nn.MaxPool2d(2), nn.Flatten())
    >>> picture = torch.tensor([[[[1., 2., 3.], [4., 5., 6.]]]])
    >>> shift_and_stitch(classifier, picture, patch_size=2)
    tensor([[[[5., 5., 6.],
              [5., 5., 6.]]]])
    """
    layers, patch = as_convolutions(patch_classifier, patch_size)
    strided = nn.Sequential(*layers).eval()
    stride = network_stride(strided)
    height, width = _check_pictures(images, strided).shape[-2:]
    padded = MirrorPad2d(patch)(images)
    stitched: Tensor | None = None
    for top in range(min(stride[0], height)):
        for left in range(min(stride[1], width)):
            answers = strided(padded[..., top:, left:])
            if stitched is None:
                stitched = answers.new_empty((*answers.shape[:2], height, width))
            gaps = stitched[..., top :: stride[0], left :: stride[1]]
            gaps.copy_(answers[..., : gaps.shape[-2], : gaps.shape[-1]])
    assert stitched is not None  # there is at least one shift
    return stitched


def network_stride(strided: nn.Sequential) -> Sizes:
    """Return how many pixels lie between two answers of a network: the product of its strides."""
    rows = columns = 1
    for layer in strided:
        stride = pair(getattr(layer, "stride", 1))
        rows, columns = rows * stride[0], columns * stride[1]
    return rows, columns


def _check_pictures(images: Tensor, layers: nn.Sequential) -> Tensor:
    """Check the pictures against the first layer that knows its number of channels."""
    known = [layer.in_channels for layer in layers if isinstance(layer, nn.Conv2d)]
    given = images.shape[1] if isinstance(images, Tensor) and images.ndim == 4 else 1
    return check_images(images, known[0] if known else given)
