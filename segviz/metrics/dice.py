"""The Dice coefficient of label maps and volumes."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from segviz.metrics.confusion import ConfusionMatrix


def dice(prediction: Any, target: Any, *, num_classes: int) -> Tensor:
    """Return 2 |P and T| / (|P| + |T|) of every class: predicted pixels P, true pixels T.

    The Dice of a set of volumes is the mean over the volumes of what this returns for each, not
    that of all their voxels together.

    Parameters
    ----------
    prediction, target : int tensors or arrays of one shape, such as (H, W) or (D, H, W)
        Class numbers; 255 in the target is void and not counted.
    num_classes : int

    Returns
    -------
    float64 tensor of shape (K,)
        nan for a class that neither of the two has.

    Raises
    ------
    ValueError, TypeError
        If a map holds an unknown class, or shapes or dtypes do not fit.

    Examples
    --------
    Class 1: two pixels predicted, one true, and that one is met: 2 * 1 / (2 + 1).

    >>> dice([0, 1, 1], [0, 0, 1], num_classes=3).tolist()
    [0.6666666666666666, 0.6666666666666666, nan]
    """
    matrix = ConfusionMatrix(num_classes)
    matrix.update(prediction, target)
    return matrix.dice
