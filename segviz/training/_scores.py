"""What the recipes measure on their test pictures."""

from __future__ import annotations

import torch
from torch import nn
from tqdm.auto import tqdm

from segviz.datasets import Samples
from segviz.metrics import ConfusionMatrix, boundary_f1

TOLERANCE = 2  # pixels, of boundary F1


def street_scores(model: nn.Module, samples: Samples, progress: bool) -> dict[str, float]:
    """Segment pictures of several classes one by one."""
    place = next(model.parameters()).device
    classes = len(samples.classes)
    matrix, boundaries = ConfusionMatrix(classes), []
    for sample in tqdm(samples, desc="test", disable=not progress):
        with torch.no_grad():
            predicted = model(sample.image[None].to(place)).argmax(1).cpu()[0]
        matrix.update(predicted, sample.mask)
        boundaries.append(
            boundary_f1(predicted, sample.mask, num_classes=classes, tolerance=TOLERANCE)
        )
    return {
        "mean_iou": matrix.mean_iou,
        "boundary_f1": float(torch.tensor(boundaries).nanmean()),
        "pixel_accuracy": matrix.pixel_accuracy,
    }


def membrane_scores(model: nn.Module, samples: Samples, progress: bool) -> dict[str, float]:
    """Segment slices of membranes (class 1), each as a whole."""
    place = next(model.parameters()).device
    matrix = ConfusionMatrix(len(samples.classes))
    for sample in tqdm(samples, desc="test", disable=not progress):
        with torch.no_grad():
            predicted = model(sample.image[None].to(place)).argmax(1).cpu()[0]
        matrix.update(predicted, sample.mask)
    return {"membrane_iou": float(matrix.iou[1]), "pixel_error": 1 - matrix.pixel_accuracy}
