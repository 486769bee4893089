"""Read label maps given as tensors or arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from segviz.ops._checks import shown

VOID = 255


def label_maps(
    prediction: Any, target: Any, num_classes: int, *, wait: bool = True
) -> tuple[Tensor, Tensor]:
    """Return both as int64 tensors of one shape, with known classes, void in the truth alone.

    To know the classes means to wait for a GPU; with ``wait=False`` only the CPU's are looked at.
    """
    predicted, true = _labels(prediction, "prediction"), _labels(target, "target")
    if predicted.shape != true.shape:
        remedy = "Resize the scores, not the labels, to the size of the truth."
        if predicted.ndim == true.ndim + 1:
            remedy = "Take the class with the largest score: scores.argmax(1)."
        raise ValueError(
            f"prediction has shape {tuple(predicted.shape)}, target {tuple(true.shape)}; they must "
            f"be equal. {remedy}"
        )
    if predicted.device != true.device:
        raise ValueError(
            f"prediction is on {predicted.device}, target on {true.device}. Move one of them."
        )
    if not wait and true.device.type != "cpu":
        return predicted, true
    _check_classes(predicted, "prediction", num_classes, "")
    _check_classes(true[true != VOID], "target", num_classes, f", and void is {VOID}")
    return predicted, true


def _labels(value: Any, name: str) -> Tensor:
    if isinstance(value, np.ndarray):  # torch reads no steps backwards and no foreign byte order
        value = np.array(value, dtype=value.dtype.newbyteorder("="))
    try:
        labels = torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{name}={shown(value)} must be a map of class numbers. Use an int64 tensor."
        ) from error
    if labels.is_floating_point() or labels.is_complex():
        raise TypeError(
            f"{name} has dtype {labels.dtype}, must be class numbers. "
            "Use scores.argmax(1), or .long()."
        )
    return labels.long()


def _check_classes(labels: Tensor, name: str, num_classes: int, void: str) -> None:
    if labels.numel() == 0:
        return
    low, high = (int(value) for value in labels.aminmax())
    if low < 0 or high >= num_classes:
        raise ValueError(
            f"{name} holds class {low if low < 0 else high}, but there are {num_classes} "
            f"classes, 0 to {num_classes - 1}{void}. Check the label codes, or num_classes."
        )
