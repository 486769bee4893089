"""The confusion matrix of a whole set, picture after picture, and the scores read from it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from segviz.metrics._labels import VOID, label_maps
from segviz.ops._checks import whole_number


class ConfusionMatrix:
    """Counts n_ij: pixels of true class i that were predicted as class j, over all updates.

    The scores are those of the FCN paper. A score of a class that does not occur is nan and left
    out of the mean: its accuracy if no pixel is truly of it, its IoU if none is predicted either.
    (SegNet's script counts such a class as 0.) Void pixels (255) are not counted.

    Parameters
    ----------
    num_classes : int

    Attributes
    ----------
    counts : int64 tensor of shape (K, K)
        Rows are true classes, columns predicted ones.

    Raises
    ------
    ValueError, TypeError
        If a label map holds an unknown class, or shapes or dtypes do not fit.

    Examples
    --------
    Four pixels, one of them wrong, one void; class 2 never occurs.

    >>> matrix = ConfusionMatrix(num_classes=3)
    >>> matrix.update(prediction=torch.tensor([0, 1, 1, 1]), target=torch.tensor([0, 0, 1, 255]))
    >>> matrix.counts.tolist()
    [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    >>> matrix.iou.tolist()
    [0.5, 0.5, nan]
    >>> round(matrix.pixel_accuracy, 3), matrix.class_accuracy, matrix.mean_iou
    (0.667, 0.75, 0.5)

    References
    ----------
    J. Long, E. Shelhamer, T. Darrell, "Fully convolutional networks for semantic segmentation",
    CVPR 2015, section 5.
    """

    def __init__(self, num_classes: int) -> None:
        self.num_classes = whole_number(num_classes, "num_classes", 1)
        # On the CPU whatever the default device is.
        self.counts = torch.zeros((num_classes, num_classes), dtype=torch.int64, device="cpu")
        self._strangers = torch.zeros((), dtype=torch.int64, device="cpu")

    def update(self, prediction: Any, target: Any) -> None:
        """Count the pixels of label maps of any equal shape, tensors or integer arrays.

        Away from the CPU an unknown class is told when a score is read, not at once.
        """
        predicted, true = label_maps(prediction, target, self.num_classes, wait=False)
        self.counts += _pair_counts(predicted, true, self.num_classes).cpu()
        self._strangers += _unknown(predicted, true, self.num_classes).sum().cpu()

    def __radd__(self, other: object) -> ConfusionMatrix:
        if other == 0:  # where sum() begins
            return self + ConfusionMatrix(self.num_classes)
        return NotImplemented

    def __add__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        """Return the counts of both together, as if one had seen all pictures."""
        if not isinstance(other, ConfusionMatrix) or other.num_classes != self.num_classes:
            raise TypeError(
                f"{self!r} + {other!r}: only matrices of the same classes add up. "
                "Use the same num_classes for both."
            )
        both = ConfusionMatrix(self.num_classes)
        both.counts = self.counts + other.counts
        both._strangers = self._strangers + other._strangers
        return both

    @property
    def accuracy(self) -> Tensor:
        """Share of each true class that was predicted right, float64 of shape (K,)."""
        return self._right() / self.counts.sum(1)

    @property
    def iou(self) -> Tensor:
        """Intersection over union of each class, float64 of shape (K,)."""
        return self._right() / (self.counts.sum(1) + self.counts.sum(0) - self._right())

    @property
    def pixel_accuracy(self) -> float:
        """Share of all labelled pixels that were predicted right."""
        return float(self._right().sum() / self.counts.sum())

    @property
    def class_accuracy(self) -> float:
        """Mean of ``accuracy`` over the classes that occur."""
        return float(self.accuracy.nanmean())

    @property
    def mean_iou(self) -> float:
        """Mean of ``iou`` over the classes that occur."""
        return float(self.iou.nanmean())

    @property
    def frequency_weighted_iou(self) -> float:
        """Mean of ``iou``, each class weighted with its true pixels."""
        share = self.counts.sum(1).double() / self.counts.sum()
        return float((share * self.iou)[share > 0].sum() / share.sum())

    @property
    def dice(self) -> Tensor:
        """Twice the intersection over the sum of true and predicted pixels, as ``iou``."""
        return 2 * self._right() / (self.counts.sum(1) + self.counts.sum(0))

    def _right(self) -> Tensor:
        if self._strangers:
            raise ValueError(
                f"{int(self._strangers)} pixels were of classes other than 0 to "
                f"{self.num_classes - 1}. Check the label codes, or num_classes."
            )
        return self.counts.diagonal().double()

    def __repr__(self) -> str:
        return f"ConfusionMatrix({self.num_classes} classes, {int(self.counts.sum())} pixels)"


def _pair_counts(predicted: Tensor, true: Tensor, classes: int) -> Tensor:
    """Count every pair of true and predicted class; the rest goes to a place that is dropped."""
    rest = (true == VOID) | _unknown(predicted, true, classes)
    places = torch.where(rest, classes**2, true * classes + predicted).flatten()
    counts = places.new_zeros(classes**2 + 1).scatter_add_(0, places, torch.ones_like(places))
    return counts[:-1].view(classes, classes)


def _unknown(predicted: Tensor, true: Tensor, classes: int) -> Tensor:
    known = (true >= 0) & (true < classes) | (true == VOID)
    return ~known | (predicted < 0) | (predicted >= classes)
