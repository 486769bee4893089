"""Cross-entropy over pixels, with void left out, a weight per class and a weight per pixel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from segviz.ops._checks import shown

VOID = 255
REDUCTIONS = ("mean", "weighted_mean", "sum", "none")


def cross_entropy(
    scores: Tensor,
    target: Tensor,
    *,
    class_weight: Tensor | Sequence[float] | None = None,
    pixel_weight: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return -log softmax(scores) of the true class, weighted; void pixels (255) count nothing.

    Parameters
    ----------
    scores : tensor of shape (N, K, ...)
        Scores of the K classes before the softmax: (N, K) of patches, (N, K, H, W) of pictures.
        The loss has their dtype, and float32 for those of 16 bits.
    target : int64 tensor of shape (N, ...)
        Class of every pixel, 0 to K - 1, or 255 for void.
    class_weight : K numbers, optional
        Weight of a pixel whose true class is k; a tensor lies where the scores do.
    pixel_weight : tensor of shape (N, ...), optional
        Weight of every pixel, such as a border weight map; multiplied with that of its class.
    reduction : str
        "mean": the weighted sum over the number of labelled pixels, as in Caffe, where FCN, SegNet
        and U-Net were trained; doubling all weights doubles it. "weighted_mean": over the sum of
        the weights, as in torch. Both are equal without weights, and 0 if nothing is labelled.
        "sum". "none": the loss of every pixel, of shape (N, ...), 0 where void.

    Raises
    ------
    ValueError, TypeError
        If shapes, dtypes, devices or the reduction do not fit, or (checked on the CPU, as a GPU
        would have to be waited for) a class is unknown, or a weight negative or not finite.

    Examples
    --------
    Two labelled pixels, equal scores: log 2 each, the second one twice.

    >>> scores = torch.zeros(1, 2, 1, 3)
    >>> target = torch.tensor([[[0, 1, 255]]])
    >>> loss = cross_entropy(scores, target, class_weight=[1, 2], reduction="none")
    >>> (loss / torch.log(torch.tensor(2.))).tolist()
    [[[1.0, 2.0, 0.0]]]
    >>> cross_entropy(scores, target, class_weight=[1, 2])
    tensor(1.0397)
    >>> cross_entropy(scores, target, class_weight=[1, 2], reduction="weighted_mean")
    tensor(0.6931)
    """
    _check(scores, target, pixel_weight, reduction)
    if scores.dtype.itemsize < 4:  # a sum over a picture's pixels goes beyond float16
        scores = scores.float()
    labelled = target != VOID
    if class_weight is None and pixel_weight is None and reduction != "none":
        # As below, without a map of the losses.
        total = F.cross_entropy(scores, target, ignore_index=VOID, reduction="sum")
        return total if reduction == "sum" else total / labelled.sum().clamp(min=1)
    losses = F.cross_entropy(scores, target, ignore_index=VOID, reduction="none")
    weight = labelled.to(losses)
    if class_weight is not None:
        weight = weight * _weight_of_true_class(class_weight, scores, target)
    if pixel_weight is not None:
        weight = weight * _weight_where(labelled, pixel_weight, losses)
    losses = losses * weight
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        return losses.sum() / labelled.sum().clamp(min=1)
    total = weight.sum()
    return losses.sum() / torch.where(total > 0, total, torch.ones_like(total))


def _weight_where(labelled: Tensor, pixel_weight: Tensor, losses: Tensor) -> Tensor:
    # Chosen, not multiplied: a void pixel's weight may be nan.
    weights = torch.where(labelled, pixel_weight, 0).to(losses)
    if _readable(weights) and weights.numel():
        low, high = (float(number) for number in weights.detach().aminmax())
        if not 0 <= low <= high < math.inf:
            raise ValueError(
                f"pixel_weight goes from {low:.3g} to {high:.3g} at labelled pixels, must be "
                "finite and not negative. Use 0 for pixels that do not count."
            )
    return weights


def _readable(tensor: Tensor) -> bool:
    """Tell whether its numbers can be looked at, and a GPU need not be waited for."""
    real = tensor.device.type == "cpu" and not isinstance(tensor, FakeTensor)
    return real and not torch.compiler.is_compiling()


def _weight_of_true_class(
    class_weight: Tensor | Sequence[float], scores: Tensor, target: Tensor
) -> Tensor:
    weights = _read(class_weight, scores)
    if weights.shape != scores.shape[1:2]:
        raise ValueError(
            f"class_weight has shape {tuple(weights.shape)}, but the scores are of "
            f"{scores.shape[1]} classes. Give one weight per class, in their order."
        )
    return weights.to(scores)[target.where(target != VOID, 0)]


def _read(class_weight: Tensor | Sequence[float], scores: Tensor) -> Tensor:
    """Return the weights as a tensor; one that is given must lie where the scores do."""
    if torch.compiler.is_compiling():  # which can't look at numbers
        return torch.as_tensor(class_weight)
    if isinstance(class_weight, Tensor) and not class_weight.is_complex():
        _check_devices({"scores": scores, "class_weight": class_weight})
        if _readable(class_weight):
            _check_numbers(class_weight.detach().double().numpy(), scores)
        return class_weight
    numbers = None if isinstance(class_weight, Tensor) else _numbers(class_weight)
    if numbers is None:
        raise TypeError(
            f"class_weight={shown(class_weight)} must be {scores.shape[1]} numbers, one per class. "
            "Use a list of floats."
        )
    _check_numbers(numbers, scores)
    return torch.from_numpy(numbers)


def _numbers(class_weight: object) -> np.ndarray | None:
    try:
        given = np.array(class_weight)
    except (TypeError, ValueError, RuntimeError):  # parts of different lengths, or no numbers
        return None
    return given.astype(np.float64) if given.dtype.kind in "biuf" else None


def _check_numbers(weights: np.ndarray, scores: Tensor) -> None:
    largest = torch.finfo(scores.dtype).max
    if not ((weights >= 0) & (weights <= largest)).all():
        raise ValueError(
            f"class_weight={shown(weights.tolist())} must be finite and not negative. "
            "Use 0 for a class that does not count."
        )


def _check(scores: Tensor, target: Tensor, pixel_weight: Tensor | None, reduction: str) -> None:
    named = {"scores": scores, "target": target}
    if pixel_weight is not None:
        named["pixel_weight"] = pixel_weight
    for name, value in named.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"{name}={shown(value)} must be a tensor. Use torch.tensor.")
    if not scores.is_floating_point():
        raise TypeError(f"scores has dtype {scores.dtype}, must be floating. Use scores.float().")
    if target.dtype != torch.int64:
        raise TypeError(f"target has dtype {target.dtype}, must be int64. Use target.long().")
    if pixel_weight is not None and pixel_weight.is_complex():
        raise TypeError(
            f"pixel_weight has dtype {pixel_weight.dtype}, must be real. Use pixel_weight.real."
        )
    if reduction not in REDUCTIONS:
        raise ValueError(
            f"reduction={shown(reduction)} is unknown. Use one of {', '.join(REDUCTIONS)}."
        )
    _check_shapes(named)
    _check_devices(named)
    _check_classes(target, scores.shape[1])


def _check_shapes(named: Mapping[str, Tensor]) -> None:
    shapes = {name: tuple(value.shape) for name, value in named.items()}
    scores = shapes.pop("scores")
    if len(scores) < 2:
        raise ValueError(
            f"scores has shape {scores}, must have shape (N, K, ...). "
            "Add the batch axis with scores[None]."
        )
    wanted = (scores[0], *scores[2:])
    for name, shape in shapes.items():
        if shape != wanted:
            raise ValueError(
                f"{name} has shape {shape}, must have shape {wanted} to go with scores of shape "
                f"{scores}. Resize it, or drop its channel axis."
            )


def _check_devices(named: Mapping[str, Tensor]) -> None:
    device = named["scores"].device
    for name, value in named.items():
        if value.device != device:
            raise ValueError(
                f"{name} is on {value.device}, but the scores on {device}: torch computes on one "
                f"device only. Use {name}.to('{device}')."
            )


def _check_classes(target: Tensor, classes: int) -> None:
    """On a GPU this would make it wait for the result, once a step; there torch itself checks."""
    if target.device.type != "cpu" or target.numel() == 0:
        return
    strangers = target[((target < 0) | (target >= classes)) & (target != VOID)]
    if len(strangers):
        raise ValueError(
            f"target holds class {int(strangers[0])}, but the scores are of {classes} classes, "
            f"0 to {classes - 1}, and void is {VOID}. Check the label codes of your masks."
        )
