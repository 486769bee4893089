"""What a dense CRF is given, looked at before anything is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from segviz.ops._checks import shown

NORMALIZATIONS = ("after", "symmetric", "none")
METHODS = ("auto", "lattice", "fine", "exact")
LARGEST_EXACT = 128 * 128
SMALLEST_SIGMA = 0.001  # below, the squares of distances are more than 64 bits tell apart


def checked(probabilities: Any, image: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Unary scores (pixels, K), colours (pixels, C) from 0 to 255, and height and width."""
    given, picture = (
        _numbers(value, name)
        for value, name in ((probabilities, "probabilities"), (image, "image"))
    )
    if given.shape[1:] != picture.shape[1:]:
        raise ValueError(
            f"probabilities are {given.shape[1:]} pixels and image is {picture.shape[1:]}: both "
            "must be of one size. Resize the probabilities first."
        )
    sums = given.sum(axis=0)
    if given.min() < 0 or np.abs(sums - 1).max() > 1e-3:
        raise ValueError(
            "probabilities must be >= 0 and sum to 1 at each pixel; the sums go from "
            f"{sums.min():.3g} to {sums.max():.3g}. Take the softmax of the scores first, in "
            "float32."
        )
    if picture.min() < 0 or picture.max() > 1:
        raise ValueError(
            f"image goes from {picture.min():.3g} to {picture.max():.3g} and must lie in [0, 1]. "
            "Divide grey levels by 255."
        )
    # A class that is ruled out stays so, without an infinite score.
    unary = np.log(np.maximum(given, 1e-20).reshape(len(given), -1).T, order="C")
    colours = 255 * picture.reshape(len(picture), -1).T
    return unary, colours, given.shape[1:]


def _numbers(value: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"{name} must be numbers of shape (channels, H, W) that numpy can read; this is a "
            f"{type(value).__name__}{_kind(value)}. For a tensor: .detach().cpu().float()"
        ) from None
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}: give (channels, H, W), none of them 0.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds nan or infinite values. Give finite ones.")
    return array


def _kind(value: Any) -> str:
    return f" of {value.dtype} on {value.device}" if isinstance(value, torch.Tensor) else ""


def check_settings(
    sigmas: dict[str, float], weights: dict[str, float], normalization: str, method: str, size: Any
) -> None:
    for name, value in {**sigmas, **weights}.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TypeError(f"{name}={shown(value)} must be a number. Use 3.0.")
        if not (0 < value < np.inf or (value == 0 and name in weights)):
            rule = "at least 0" if name in weights else "above 0"
            raise ValueError(f"{name}={shown(value)} must be {rule} and finite. Use 3.0.")
        if name in sigmas and value < SMALLEST_SIGMA:
            raise ValueError(
                f"{name}={shown(value)} must be at least {SMALLEST_SIGMA}: it counts pixels or "
                "grey levels from 0 to 255, and no two of them are as near as that. Use 3.0."
            )
    choices = {"normalization": (normalization, NORMALIZATIONS), "method": (method, METHODS)}
    for name, (chosen, known) in choices.items():
        if not isinstance(chosen, str) or chosen not in known:
            raise ValueError(f"{name}={shown(chosen)} is unknown. Use {' or '.join(known)}.")
    if method == "exact" and size[0] * size[1] > LARGEST_EXACT:
        raise ValueError(
            f"method='exact' sums over all pairs, {(size[0] * size[1]) ** 2 / 1e9:.1f} thousand "
            f"million for {size[0]} x {size[1]}: it is for pictures up to 128 x 128. "
            "Use method='fine'."
        )
