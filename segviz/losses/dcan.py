"""The loss of DCAN: object and contour at once, helped by the scores of single maps."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

from torch import Tensor

from segviz.losses.cross_entropy import cross_entropy
from segviz.ops._checks import shown, whole_number


def dcan_loss(
    scores: tuple[Tensor, Tensor, Sequence[tuple[Tensor, Tensor]]],
    objects: Tensor,
    contours: Tensor,
    *,
    auxiliary_weight: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Return L_o + L_c + w sum_a (L_o,a + L_c,a): cross-entropies of objects and of contours.

    The paper's further term, a penalty on the size of the weights, is the optimizer's
    ``weight_decay``. How the paper averages over pixels is not known; here, as in Caffe, over those
    that are labelled.

    Parameters
    ----------
    scores : (object scores, contour scores, auxiliary pairs of both)
        What ``segviz.models.DCAN`` returns: each tensor of shape (N, 2, H, W).
    objects, contours : int64 tensors of shape (N, H, W)
        1 in an object (on a contour), else 0; 255 is void.
    auxiliary_weight : float
        w, such as ``dcan_auxiliary_weight(step)``.
    reduction : str
        "mean" or "sum" over the pixels, as for ``cross_entropy``.

    Raises
    ------
    ValueError, TypeError
        As ``cross_entropy``; or if the weight is negative.

    Examples
    --------
    Equal scores cost log 2 = 0.693 each: two of them, and half of two more.

    >>> import torch
    >>> even, truth = torch.zeros(1, 2, 1, 1), torch.zeros(1, 1, 1, dtype=torch.int64)
    >>> dcan_loss((even, even, [(even, even)]), truth, truth, auxiliary_weight=0.5)
    tensor(2.0794)

    References
    ----------
    H. Chen, X. Qi, L. Yu, P.-A. Heng, "DCAN: deep contour-aware networks for accurate gland
    segmentation", CVPR 2016, section 2.
    """
    number = isinstance(auxiliary_weight, Real) and not isinstance(auxiliary_weight, bool)
    if not number or not 0 <= auxiliary_weight < float("inf"):
        raise (ValueError if number else TypeError)(
            f"auxiliary_weight={shown(auxiliary_weight)} must be a number of at least 0. Use 1."
        )
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction={shown(reduction)} is unknown. Use 'mean' or 'sum'.")
    object_scores, contour_scores, auxiliary = _unpacked(scores)
    total = _both(object_scores, contour_scores, objects, contours, reduction)
    for pair in auxiliary:
        total = total + float(auxiliary_weight) * _both(*pair, objects, contours, reduction)
    return total


def _unpacked(scores: object) -> tuple[Tensor, Tensor, Sequence[tuple[Tensor, Tensor]]]:
    whole = isinstance(scores, (tuple, list)) and len(scores) == 3
    pairs = scores[2] if whole else None  # type: ignore[index]
    right = isinstance(pairs, (tuple, list)) and all(
        isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs
    )
    if not right:
        raise TypeError(
            f"scores={shown(scores)} must be (objects, contours, pairs of both). "
            "Use what segviz.models.DCAN returns, or (objects, contours, ())."
        )
    return scores  # type: ignore[return-value]


def _both(
    object_scores: Tensor, contour_scores: Tensor, objects: Tensor, contours: Tensor, reduction: str
) -> Tensor:
    return cross_entropy(object_scores, objects, reduction=reduction) + cross_entropy(
        contour_scores, contours, reduction=reduction
    )


def dcan_auxiliary_weight(step: int) -> float:
    """Return the paper's weight of the auxiliary losses: 1, a tenth of it every 10,000 steps.

    >>> [dcan_auxiliary_weight(step) for step in (0, 9_999, 10_000, 20_000, 50_000)]
    [1.0, 1.0, 0.1, 0.01, 0.001]
    """
    return float(f"1e-{min(whole_number(step, 'step', 0) // 10_000, 3)}")
