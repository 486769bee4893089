"""Dice losses: overlap with the truth, whatever the share of the picture that an object takes."""

from __future__ import annotations

from numbers import Real
from typing import Any

import torch
from torch import Tensor

from segviz.losses.cross_entropy import VOID, _check
from segviz.ops._checks import shown


def dice_loss(scores: Tensor, target: Tensor, *, form: str = "paper") -> Tensor:
    """Return 1 - D of V-Net: D = 2 sum(p g) / (sum p^2 + sum g^2), the mean over the pictures.

    p is the softmax of the scores in the foreground map and g is 1 in the foreground, else 0. With
    more than two classes D is the mean over all classes but the first, the background. Void pixels
    (255) count nothing.

    Parameters
    ----------
    scores : tensor of shape (N, K, ...)
        Scores of the K classes before the softmax.
    target : int64 tensor of shape (N, ...)
        Class of every pixel or voxel, 0 to K - 1, or 255 for void.
    form : "paper" or "release"
        The authors' released layer puts the argmax in the place of p, except for one p in the
        gradient: dD/dp_j = 2 g_j / U - 4 p_j I / U^2, with the overlap I and the total U of the
        argmax and g. Up to a factor: it sums over the batch, which is the mean here, and pushes the
        background's p down as hard as the foreground's up, which doubles the gradient.

    Returns
    -------
    scalar tensor, 0 for a perfect prediction, at most 1, and 1 where a class is in no pixel

    Raises
    ------
    ValueError, TypeError
        If shapes or dtypes do not fit, or (checked on the CPU) a class is unknown.

    Examples
    --------
    Two voxels of which the second is foreground, and p = 1/2: D = 2 (1/2) / (1/4 + 1/4 + 1) = 2/3.

    >>> dice_loss(torch.zeros(1, 2, 2), torch.tensor([[0, 1]]))
    tensor(0.3333)

    References
    ----------
    F. Milletari, N. Navab, S.-A. Ahmadi, "V-Net", 3DV 2016, section 3.
    """
    if form not in ("paper", "release"):
        raise ValueError(f"form={shown(form)} is unknown. Use 'paper' or 'release'.")
    share, truth = _shares(scores, target)
    if form == "release":
        classes = torch.arange(1, scores.shape[1], device=scores.device)[:, None]
        found = scores.argmax(1)[:, None, ..., None].flatten(2) == classes
        return 1 - _ReleasedDice.apply(share, truth, found & (share > 0)).mean()
    overlap, total = (share * truth).sum(2), (share.square() + truth).sum(2)
    return 1 - (2 * overlap / _above_zero(total)).mean()


class _ReleasedDice(torch.autograd.Function):
    """The hard Dice of ``found``, whose gradient has the soft shares in it."""

    @staticmethod
    def forward(ctx: Any, share: Tensor, truth: Tensor, found: Tensor) -> Tensor:
        hard = found.to(share)
        overlap = (hard * truth).sum(2, keepdim=True)
        total = (hard + truth).sum(2, keepdim=True)
        ctx.save_for_backward(share, truth, overlap, total)
        return (2 * overlap / (total + 1e-5)).squeeze(2)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        share, truth, overlap, total = ctx.saved_tensors
        total = total.clamp(min=1)  # of pixels: 0 only where nothing is found and nothing is true
        inner = 2 * truth / total - 4 * share * overlap / total.square()
        return slope[:, :, None] * inner, None, None


def soft_dice_loss(scores: Tensor, target: Tensor, *, smoothing: float = 1.0) -> Tensor:
    """Return 1 - (2 sum(p g) + s) / (sum p + sum g + s), the mean over pictures and classes.

    The common form: no squares in the denominator, and a smoothing s that makes the loss of an
    absent class small instead of undefined. Void pixels (255) count nothing.

    Parameters
    ----------
    scores, target
        As for ``dice_loss``; the background is left out here too.
    smoothing : float
        s, in pixels.

    Raises
    ------
    ValueError, TypeError
        As for ``dice_loss``; or if the smoothing is negative.

    Examples
    --------
    As above, p = 1/2 and one voxel of two: (2 (1/2) + 1) / (1 + 1 + 1) = 2/3.

    >>> soft_dice_loss(torch.zeros(1, 2, 2), torch.tensor([[0, 1]]))
    tensor(0.3333)
    """
    number = isinstance(smoothing, Real) and not isinstance(smoothing, bool)
    if not number or not 0 <= smoothing < float("inf"):
        kind = ValueError if number else TypeError
        raise kind(f"smoothing={shown(smoothing)} must be a number of at least 0. Use 1.")
    share, truth, added = *_shares(scores, target), float(smoothing)
    overlap, total = (share * truth).sum(2), (share + truth).sum(2)
    return 1 - ((2 * overlap + added) / _above_zero(total + added)).mean()


def _shares(scores: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return p and g of the classes but the background, (N, K - 1, pixels), both 0 where void."""
    _check(scores, target, None, "mean")
    if scores.shape[1] < 2:
        raise ValueError(
            f"scores of shape {tuple(scores.shape)} hold one class, so there is no foreground. "
            "Give the scores of background and object, shape (N, 2, ...)."
        )
    if scores.numel() == 0:
        raise ValueError(
            f"scores of shape {tuple(scores.shape)} hold no pixel, so there is no overlap. "
            "Give at least one picture."
        )
    # The sums run over all pixels: too many for half precision.
    exact = scores.to(torch.promote_types(scores.dtype, torch.float32))[..., None].flatten(2)
    labels = target[:, None, ..., None].flatten(2)
    classes = torch.arange(scores.shape[1], device=target.device)[:, None]
    # Void pixels are made certain of the background before the softmax: what is nan there would
    # come back with its gradient.
    background = torch.where(classes > 0, -torch.inf, 0.0).to(exact)
    share = torch.where(labels == VOID, background, exact).softmax(1)[:, 1:]
    return share, (labels == classes[1:]).to(share)


def _above_zero(total: Tensor) -> Tensor:
    return total.clamp(min=torch.finfo(total.dtype).tiny)
