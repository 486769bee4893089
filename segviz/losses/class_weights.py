"""Weights of the classes that make rare ones count as much as frequent ones."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from segviz.losses.cross_entropy import VOID, _check_classes
from segviz.ops._checks import shown, whole_number

DEFINITIONS = ("all_pixels", "where_present")


def median_frequency_weights(
    targets: Iterable[Tensor], *, num_classes: int, definition: str = "all_pixels"
) -> Tensor:
    """Return median(f) / f_c of every class c, for ``cross_entropy(class_weight=...)``.

    The two papers count the frequency f_c differently:

    * "all_pixels": pixels of c over all pixels of the set, as SegNet says it does;
    * "where_present": pixels of c over all pixels of those pictures that show c, as Eigen and
      Fergus do, so that a class is not rare because it is seen seldom.

    Parameters
    ----------
    targets : int64 tensors, one per picture, of any shape
        Classes 0 to K - 1; void pixels (255) are not counted. They are read one after another.
    num_classes : int
    definition : str

    Returns
    -------
    float32 tensor of shape (K,)
        0 for a class that never occurs, which is left out of the median too.

    Raises
    ------
    ValueError, TypeError
        If there is no picture, the definition is unknown, or a target holds no class numbers.

    Examples
    --------
    Class 0 fills 3 of 4 pixels and then all 4, class 1 the remaining one: f = 7/8, 1/8 over all,
    and 7/8, 1/4 where they are present. The medians are 1/2 and 9/16.

    >>> targets = [torch.tensor([[0, 0], [0, 1]]), torch.tensor([[0, 0], [0, 0]])]
    >>> median_frequency_weights(targets, num_classes=2)
    tensor([0.5714, 4.0000])
    >>> median_frequency_weights(targets, num_classes=2, definition="where_present")
    tensor([0.6429, 2.2500])

    References
    ----------
    V. Badrinarayanan, A. Kendall, R. Cipolla, "SegNet", PAMI 2017, section 4.1.
    D. Eigen, R. Fergus, "Predicting depth, surface normals and semantic labels with a common
    multi-scale convolutional architecture", ICCV 2015, section 5.
    """
    classes = whole_number(num_classes, "num_classes", 1)
    if definition not in DEFINITIONS:
        raise ValueError(
            f"definition={shown(definition)} is unknown. Use one of {', '.join(DEFINITIONS)}."
        )
    if not isinstance(targets, Iterable):
        raise TypeError(f"targets={shown(targets)} must be a sequence of tensors. Use a list.")
    counts = [_counts(target, classes) for target in targets]
    if not counts:
        raise ValueError(
            "targets holds no picture, so no class has a frequency. Give at least one."
        )
    pixels = torch.stack(counts).double()
    labelled = pixels.sum(1, keepdim=True).expand_as(pixels)
    if definition == "where_present":
        labelled = labelled * (pixels > 0)
    frequency = pixels.sum(0) / labelled.sum(0)  # 0 / 0 where a class is never present
    frequency = frequency.where(frequency > 0, torch.nan)
    return (frequency.nanquantile(0.5) / frequency).nan_to_num(0.0).float()


def _counts(target: Tensor, classes: int) -> Tensor:
    if not isinstance(target, Tensor) or target.dtype != torch.int64:
        known = isinstance(target, Tensor)
        what = target.dtype if known else type(target).__name__
        remedy = "target.long()" if known else "torch.as_tensor(target).long()"
        raise TypeError(f"a target is {what}, must be an int64 tensor. Use {remedy}.")
    _check_classes(target, classes)
    places = target.where(target != VOID, classes).flatten()
    return places.new_zeros(classes + 1).scatter_add_(0, places, torch.ones_like(places))[:-1]
