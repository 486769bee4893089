"""The fully connected CRF: labels sharpened by comparing every pixel with every other.

Source: Krähenbühl and Koltun, Efficient inference in fully connected CRFs with Gaussian edge
potentials (2011); as used by DeepLab (Chen et al. 2017, equations 2 and 3).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from segviz.ops._checks import shown
from segviz.postprocessing._mean_field import MeanField


def dense_crf(probabilities: Any, image: Any, *, iterations: int = 10, **settings: Any) -> Any:
    """Return the class probabilities after mean-field iterations; argmax gives the labels.

    Parameters
    ----------
    probabilities : array or tensor
        (K, H, W), a network's softmax: positive or 0, of sum 1 at each pixel.
    image : array or tensor
        (C, H, W) in [0, 1].
    iterations : int
        0 gives the probabilities back.
    **settings
        Those of :func:`dense_crf_steps`.

    Returns
    -------
    ndarray
        float32 (K, H, W).

    Raises
    ------
    ValueError, TypeError
        If a shape, a value or a setting is not legal, or method="exact" meets a large picture.

    Examples
    --------
    The middle pixel doubts; its neighbours on both sides of equal brightness do not:

    >>> probabilities = np.array([[[0.9, 0.4, 0.9]], [[0.1, 0.6, 0.1]]])
    >>> dense_crf(probabilities, np.zeros((1, 1, 3))).argmax(axis=0)
    array([[0, 0, 0]])
    """
    _, _, *known = inspect.signature(dense_crf_steps).parameters
    for name, value in settings.items():
        if name not in known:
            raise TypeError(
                f"{name}={shown(value)} is no setting of dense_crf. Use {', '.join(known)}."
            )
    *_, last = dense_crf_steps(probabilities, image, iterations=iterations, **settings)
    return np.ascontiguousarray(last)


def dense_crf_steps(
    probabilities: Any,
    image: Any,
    *,
    iterations: int = 10,
    appearance_weight: float = 4.0,
    position_sigma: float = 67.0,
    colour_sigma: float = 3.0,
    smoothness_weight: float = 3.0,
    smoothness_sigma: float = 1.0,
    normalization: str = "after",
    method: str = "auto",
) -> Iterator[np.ndarray]:
    """Yield the probabilities before the first iteration and after each; see :func:`dense_crf`.

    Parameters
    ----------
    probabilities, image, iterations
        As for :func:`dense_crf`.
    appearance_weight, position_sigma, colour_sigma : float
        The kernel that likes equal labels on near pixels of near colour. Positions in pixels,
        colours in grey levels from 0 to 255, as in the papers; the defaults are those of
        DeepLab's ResNet-101.
    smoothness_weight, smoothness_sigma : float
        The kernel that likes equal labels on near pixels.
    normalization : str
        What each kernel's sums are divided by: "after", the sum of the pixel's own row, as the
        authors' code does; "symmetric", the roots of both rows' sums, as pydensecrf does;
        "none", as the formula says.
    method : str
        "exact" for sums over all pairs, up to 128 x 128 pixels. "lattice", which gives some 0.1 %
        of the labels of a street another class than those sums do, and up to 0.7 % of a picture
        with finer texture. "fine" for the lattice, and exact sums for pixels whose best class is
        less than 20 times as probable as the second: with "after" or "symmetric" at most 0.1 % of
        the labels are others; with "none" up to 3 %. The time grows with the square of the pixels.
        "auto": "fine" up to 128 x 128 pixels ("exact" at sigmas that are too small for a lattice),
        and "lattice" for larger pictures. All count the pair of a pixel with itself, as the
        authors' code does and the formula does not.
    """
    settings: dict[str, Any] = {
        "appearance_weight": appearance_weight, "position_sigma": position_sigma,
        "colour_sigma": colour_sigma, "smoothness_weight": smoothness_weight,
        "smoothness_sigma": smoothness_sigma, "normalization": normalization, "method": method,
    }  # fmt: skip
    return MeanField(probabilities, image).steps(iterations, **settings)
