"""Sliding window: classify a pixel from the patch around it, then the next pixel.

D. Ciresan, A. Giusti, L. Gambardella, J. Schmidhuber, "Deep neural networks segment neuronal
membranes in electron microscopy images", NIPS 2012.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from segviz.models.blocks import Layers, check_images, mirror_pad
from segviz.ops._checks import shown, whole_number


class SlidingWindow(Layers):
    """Classifier of the pixel in the middle of a patch; by default the paper's network N4.

    Convolutions of kernel size 4 or 5, whichever makes the 2 x 2 max pooling come out even, until
    the map is at most 4 pixels wide; then two dense layers.

    Parameters
    ----------
    in_channels, num_classes : int
    patch_size : int
        Width of the patch in pixels; odd, so that there is a middle pixel.
    width : int
        Channels of every convolution.
    hidden : int
        Units of the first dense layer.

    Raises
    ------
    ValueError, TypeError
        If the patch has no middle pixel, or a number is not positive.

    Examples
    --------
    The paper's network: 95 x 95 pixels in, 219,290 weights.

    >>> classifier = SlidingWindow()
    >>> sum(weight.numel() for weight in classifier.parameters())
    219290
    >>> classifier(torch.zeros(8, 1, 95, 95)).shape
    torch.Size([8, 2])
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 2,
        *,
        patch_size: int = 95,
        width: int = 48,
        hidden: int = 200,
    ) -> None:
        self._check_numbers(in_channels, num_classes, width, hidden)
        size = _odd(patch_size)
        layers: list[nn.Module] = []
        channels = in_channels
        while size > 4:
            kernel_size = 4 if size % 2 else 5
            layers += [nn.Conv2d(channels, width, kernel_size), nn.ReLU(), nn.MaxPool2d(2)]
            channels, size = width, (size - kernel_size + 1) // 2
        layers += [nn.Flatten(), nn.Linear(channels * size * size, hidden), nn.ReLU()]
        super().__init__(*layers, nn.Linear(hidden, num_classes))
        self.in_channels, self.patch_size = in_channels, patch_size
        # No forward of its own: it stays a plain sequence, which to_convolutional can read.
        self.register_forward_pre_hook(_check_patches)

    @staticmethod
    def _check_numbers(in_channels: int, num_classes: int, width: int, hidden: int) -> None:
        whole_number(num_classes, "num_classes", 2)
        for number, name in ((in_channels, "in_channels"), (width, "width"), (hidden, "hidden")):
            whole_number(number, name, 1)


def _check_patches(model: SlidingWindow, inputs: tuple[Tensor]) -> None:
    height, width = check_images(inputs[0], model.in_channels, "patches", model=model).shape[2:]
    size = model.patch_size
    if height != size or width != size:
        raise ValueError(
            f"patches of {height} x {width} do not fit: this network was built for one size. Use "
            f"{size} x {size}; for whole pictures predict_patches, or to_fully_convolutional."
        )


def _odd(patch_size: object) -> int:
    size = whole_number(patch_size, "patch_size", 1)
    if size % 2 == 0:
        raise ValueError(
            f"patch_size={size} must be odd: an even patch has no middle pixel. "
            f"Use {size - 1} or {size + 1}."
        )
    return size


def extract_patches(image: Tensor, pixels: Tensor, patch_size: int) -> Tensor:
    """Cut out the patch around each of some pixels; beyond the border the picture is mirrored.

    Parameters
    ----------
    image : tensor of shape (C, H, W)
    pixels : int64 tensor of shape (n, 2)
        Row and column of each pixel.
    patch_size : int
        Width of the patches; the pixel stands at row and column ``patch_size // 2``.

    Returns
    -------
    tensor of shape (n, C, patch_size, patch_size)

    Raises
    ------
    ValueError, TypeError
        If a pixel lies outside the picture, or a shape or dtype is another.

    Examples
    --------
    >>> image = torch.tensor([[[1., 2., 3.], [4., 5., 6.], [7., 8., 9.]]])
    >>> extract_patches(image, torch.tensor([[1, 1], [0, 0]]), patch_size=3)[1, 0]
    tensor([[5., 4., 5.],
            [2., 1., 2.],
            [5., 4., 5.]])
    """
    size = whole_number(patch_size, "patch_size", 1)
    _check_image(image)
    _check_pixels(pixels, tuple(image.shape[-2:]))
    margin = size // 2
    padded = mirror_pad(image, (margin, margin), (margin, margin))
    offsets = torch.arange(size, device=image.device)
    rows = pixels[:, 0, None] + offsets
    columns = pixels[:, 1, None] + offsets
    return padded[:, rows[:, :, None], columns[:, None, :]].movedim(1, 0)


@torch.no_grad()
def predict_patches(
    classifier: nn.Module,
    image: Tensor,
    *,
    patch_size: int | None = None,
    batch_size: int = 1,
    progress: bool = False,
) -> Tensor:
    """Classify every pixel of a picture, patch after patch: the honest loop of lecture 03.

    Parameters
    ----------
    classifier : nn.Module
        Takes patches of shape (n, C, patch_size, patch_size), returns scores of shape (n, K).
        It is run in evaluation mode.
    image : tensor of shape (C, H, W), on the classifier's device
    patch_size : int
        Width of the patches; by default ``classifier.patch_size``.
    batch_size : int
        Patches per run of the classifier.
    progress : bool
        Show a progress bar.

    Returns
    -------
    tensor of shape (K, H, W)
        Scores of the K classes at every pixel.

    Raises
    ------
    ValueError, TypeError
        If the width of the patches is unknown, or a shape, dtype or number is illegal.

    Examples
    --------
    >>> classifier = SlidingWindow(patch_size=5, width=2, hidden=3)
    >>> predict_patches(classifier, torch.rand(1, 6, 7), batch_size=10).shape
    torch.Size([2, 6, 7])
    """
    size = whole_number(_patch_size(classifier, patch_size), "patch_size", 1)
    step = whole_number(batch_size, "batch_size", 1)
    _check_image(image)
    height, width = image.shape[-2:]
    padded = mirror_pad(image, (size // 2, size // 2), (size // 2, size // 2))
    # A view of all patches, no copy: (H, W, C, patch_size, patch_size).
    patches = padded.unfold(1, size, 1).unfold(2, size, 1).movedim(0, 2)
    scores = []
    with _evaluating(classifier):
        for start in tqdm(range(0, height * width, step), unit="run", disable=not progress):
            pixels = torch.arange(start, min(start + step, height * width), device=image.device)
            scores.append(classifier(patches[pixels // width, pixels % width]).flatten(1))
    return torch.cat(scores).T.reshape(-1, height, width)


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _patch_size(classifier: nn.Module, patch_size: int | None) -> object:
    known = patch_size if patch_size is not None else getattr(classifier, "patch_size", None)
    if known is None:
        raise ValueError(
            f"{type(classifier).__name__} does not say how wide its patches are. "
            "Give patch_size=..., in pixels."
        )
    return known


def _check_image(image: object) -> None:
    if isinstance(image, Tensor) and image.ndim == 3:
        check_images(image[None], image.shape[0], "image[None]")
        return
    what = tuple(image.shape) if isinstance(image, Tensor) else type(image).__name__
    kind = ValueError if isinstance(image, Tensor) else TypeError
    raise kind(f"image is {what}, must be a tensor of shape (C, H, W). Give one picture, no batch.")


def _check_pixels(pixels: object, size: tuple[int, ...]) -> None:
    if not isinstance(pixels, Tensor) or pixels.dtype not in (torch.int64, torch.int32):
        raise TypeError(
            f"pixels={shown(pixels)} must be an int64 tensor of rows and columns. "
            "Use torch.tensor([[row, column], ...])."
        )
    if pixels.ndim != 2 or pixels.shape[1] != 2:
        raise ValueError(
            f"pixels has shape {tuple(pixels.shape)}, must have shape (n, 2): row and column of "
            "each. Use torch.tensor([[row, column], ...])."
        )
    if len(pixels) and not bool(((pixels >= 0) & (pixels < pixels.new_tensor(size))).all()):
        raise ValueError(
            f"pixels reach from {pixels.amin(0).tolist()} to {pixels.amax(0).tolist()}, outside a "
            f"picture of {size[0]} x {size[1]}. Count rows and columns from 0."
        )
