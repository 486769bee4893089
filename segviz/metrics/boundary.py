"""How well the outlines of the classes are met, within a few pixels."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from segviz.metrics._labels import VOID, label_maps
from segviz.ops._checks import shown, whole_number


def boundary_f1(prediction: Any, target: Any, *, num_classes: int, tolerance: float = 2.0) -> float:
    """Return the F1 score of class boundaries, a mean over classes and then over pictures.

    A boundary pixel of a class has one of its four neighbours in another class; the border of the
    picture and neighbours that are void make none. Precision is the share of predicted boundary
    pixels with a true one of that class within the tolerance, recall the share of true ones with a
    predicted one. A class that has no true boundary in a picture is left out there; a picture
    without any boundary is left out. No pixel is matched one to one, as in Csurka et al.; the
    SegNet paper does match them, so its figures are lower.

    Scores at different picture sizes are not comparable: a tolerance in pixels is not one in the
    scene.

    Parameters
    ----------
    prediction, target : int tensors or arrays of shape (N, H, W) or (H, W)
        Class numbers; 255 in the target is void, and what was predicted there is not looked at.
    num_classes : int
    tolerance : float
        Largest distance of a match, in pixels (Euclidean).

    Returns
    -------
    float
        Between 0 and 1; nan if no picture has a boundary.

    Raises
    ------
    ValueError, TypeError
        If a map holds an unknown class or no pixel, shapes or dtypes do not fit, or the tolerance
        is negative.

    Examples
    --------
    An edge that is one column off is right within one pixel, and wrong without tolerance.

    >>> target = torch.tensor([[0, 0, 0, 1, 1, 1]])
    >>> prediction = torch.tensor([[0, 0, 0, 0, 1, 1]])
    >>> boundary_f1(prediction, target, num_classes=2, tolerance=1)
    1.0
    >>> boundary_f1(prediction, target, num_classes=2, tolerance=0)
    0.0

    References
    ----------
    G. Csurka, D. Larlus, F. Perronnin, "What is a good evaluation measure for semantic
    segmentation?", BMVC 2013.
    """
    classes = whole_number(num_classes, "num_classes", 1)
    reach = _checked_tolerance(tolerance)
    predicted, true = label_maps(prediction, target, classes)
    if true.ndim == 2:
        predicted, true = predicted[None], true[None]
    if true.ndim != 3:
        raise ValueError(
            f"target has shape {tuple(true.shape)}, must have shape (N, H, W) or (H, W). "
            "Reshape the maps of one size into a batch."
        )
    if 0 in true.shape[1:]:
        raise ValueError(
            f"target holds maps of {true.shape[1]} x {true.shape[2]}, without any pixel. "
            "Give maps of at least one pixel."
        )
    scores = [
        _picture_f1(one.masked_fill(two == VOID, VOID), two, classes, reach)
        for one, two in zip(predicted, true, strict=True)
    ]
    known = torch.stack(
        [score for score in scores if not score.isnan()] or [torch.tensor(math.nan)]
    )
    return float(known.mean())


def _checked_tolerance(tolerance: object) -> float:
    number = isinstance(tolerance, Real) and not isinstance(tolerance, bool)
    if not number or not 0 <= tolerance <= 100:  # type: ignore[operator]
        kind = ValueError if number else TypeError
        raise kind(f"tolerance={shown(tolerance)} must be a distance of 0 to 100 pixels. Use 2.")
    return float(tolerance)  # type: ignore[arg-type]


def _picture_f1(predicted: Tensor, true: Tensor, classes: int, tolerance: float) -> Tensor:
    ours, theirs = _boundaries(predicted, classes), _boundaries(true, classes)
    precision = _share_near(ours, theirs, tolerance)
    recall = _share_near(theirs, ours, tolerance)
    # Without a predicted boundary precision is nan and recall 0: nothing was found.
    f1 = 2 * precision * recall / (precision + recall)
    return f1.nan_to_num(0.0).where(theirs.flatten(1).any(1), math.nan).nanmean()


def _boundaries(labels: Tensor, classes: int) -> Tensor:
    """Return the boundary pixels of every class: a bool tensor of shape (K, H, W)."""
    touches = torch.zeros_like(labels, dtype=torch.bool)
    for axis in (0, 1):
        length = labels.shape[axis] - 1
        one, two = labels.narrow(axis, 0, length), labels.narrow(axis, 1, length)
        differ = (one != two) & (one != VOID) & (two != VOID)
        touches.narrow(axis, 0, length).logical_or_(differ)
        touches.narrow(axis, 1, length).logical_or_(differ)
    of_class = labels == torch.arange(classes, device=labels.device)[:, None, None]
    return of_class & touches


def _share_near(pixels: Tensor, others: Tensor, tolerance: float) -> Tensor:
    """Return, per class, the share of pixels with one of the others within the tolerance."""
    reach = int(tolerance)
    offsets = torch.arange(-reach, reach + 1, device=pixels.device)
    disk = offsets[:, None] ** 2 + offsets**2 <= tolerance**2
    near = F.conv2d(others[:, None].float(), disk[None, None].float(), padding=reach)[:, 0] > 0.5
    return (pixels & near).sum((1, 2)) / pixels.sum((1, 2))
