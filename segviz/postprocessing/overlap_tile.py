"""Prediction tile by tile with mirrored borders: pictures of any size, memory of one tile.

Source: Ronneberger, Fischer and Brox, U-Net (2015), figure 2.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from segviz.ops._checks import shown, whole_number

Network = Callable[[Tensor], Tensor]


def overlap_tile(
    network: Network, image: Tensor, *, tile_size: int | Sequence[int], margin: int
) -> Tensor:
    """Return a network's scores for a whole picture, computed tile by tile.

    Each tile is predicted with ``margin`` pixels around it, taken from the picture, and mirrored
    where the picture ends. If the margin covers half the receptive field and ``tile_size`` is a
    multiple of the network's total stride, the scores are those of one tile as large as the whole
    picture. Away from the border they are those of ``network(image)`` too, where the network keeps
    the size and the margin is a multiple of the stride. (U-Net in its paper's form returns 4 more
    than a multiple of its stride: keep 384 of its 388, as ``lambda tile: network(tile)[..., 2:-2,
    2:-2]``, with a margin of 94.)

    Parameters
    ----------
    network : function
        Takes (N, C, ...) and returns (N, K, ...): either as large as its input, and then the
        margin is cut off again, or smaller by ``margin`` on each side, as U-Net's 388 of
        572 by 92.
    image : Tensor
        (N, C, H, W), or (N, C, D, H, W) for volumes.
    tile_size : int or sequence of int
        Pixels of a tile that are kept, along each axis.
    margin : int
        Pixels around a tile, on each side.

    Returns
    -------
    Tensor
        (N, K, H, W) or (N, K, D, H, W), on the device of the image.

    Raises
    ------
    ValueError, TypeError
        If a size is not legal, or the network returns another size.

    Examples
    --------
    >>> from torch import nn
    >>> sum_of_three = nn.Conv2d(1, 1, (1, 3), padding=(0, 1), bias=False)
    >>> _ = nn.init.ones_(sum_of_three.weight)
    >>> picture = torch.tensor([[[[1., 2., 3., 4., 5.]]]])
    >>> overlap_tile(sum_of_three, picture, tile_size=2, margin=1).detach()
    tensor([[[[ 5.,  6.,  9., 12., 13.]]]])

    At the ends the neighbours are mirrored: 2 + 1 + 2, and 4 + 5 + 4.
    """
    if not callable(network):
        raise TypeError(f"network={shown(network)} must be a network or a function. Use a model.")
    size, tile = _checked(image, tile_size, margin)
    scores: Tensor | None = None
    for corner in _corners(size, tile):
        part = _cut(image, corner, tile, margin)
        with torch.no_grad():
            given = _inner(network(part), tile, margin, part.shape)
        if scores is None:
            scores = given.new_empty((len(image), given.shape[1], *size))
        kept = [min(t, n - c) for t, n, c in zip(tile, size, corner, strict=True)]
        scores[_window(corner, kept)] = given[_window([0] * len(kept), kept)]
    assert scores is not None  # a picture has at least one tile
    return scores


def _corners(size: Sequence[int], tile: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(0, n, t) for n, t in zip(size, tile, strict=True)))


def _cut(image: Tensor, corner: Sequence[int], tile: Sequence[int], margin: int) -> Tensor:
    """A tile with its margin; what lies outside the picture is its mirror image."""
    for axis, (start, extent) in enumerate(zip(corner, tile, strict=True), start=2):
        place = torch.arange(start - margin, start + extent + margin, device=image.device)
        image = image.index_select(axis, _mirrored(place, image.shape[axis]))
    return image


def _window(start: Sequence[int], extent: Sequence[int]) -> tuple[Any, ...]:
    return (..., *(slice(s, s + e) for s, e in zip(start, extent, strict=True)))


def _mirrored(place: Tensor, n: int) -> Tensor:
    """Places along an endless strip of mirror images, as places in the picture.

    >>> _mirrored(torch.arange(-3, 7), 4).tolist()
    [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]
    """
    period = max(2 * (n - 1), 1)
    turn = place % period
    return torch.minimum(turn, period - turn) if n > 1 else torch.zeros_like(place)


def _inner(given: Tensor, tile: Sequence[int], margin: int, size: torch.Size) -> Tensor:
    """The scores of the tile itself."""
    if not isinstance(given, Tensor):
        raise TypeError(
            f"the network returns {type(given).__name__}, must return scores (N, K, H, W). Wrap it "
            "in a function that picks the tensor, such as lambda tile: network(tile).objects."
        )
    if given.shape[2:] == size[2:]:
        return given[_window([margin] * len(tile), tile)]
    if tuple(given.shape[2:]) == tuple(tile):
        return given
    raise ValueError(
        f"the network makes {shown(tuple(given.shape[2:]))} of {shown(tuple(size[2:]))}: it must "
        f"return as much as it gets, or {shown(tuple(tile))}, which is {margin} less on each side. "
        + _remedy(given, tile, size)
    )


def _remedy(given: Tensor, tile: Sequence[int], size: torch.Size) -> str:
    """Where the network returns a few rows too many, how to cut them off as well."""
    left = [have - keep for have, keep in zip(given.shape[2:], tile, strict=False)]
    smaller = given.ndim == len(size) and all(map(int.__lt__, given.shape[2:], size[2:]))
    if not smaller or any(n < 0 or n % 2 for n in left):
        return "Use the margin that it takes away."
    window = ", ".join(f"{n // 2}:-{n // 2}" if n else ":" for n in left)
    return (
        "Use the margin that it takes away, or cut off what is left over: "
        f"lambda tile: network(tile)[..., {window}]."
    )


def _checked(image: Tensor, tile_size: int | Sequence[int], margin: int) -> tuple[list, list]:
    if not isinstance(image, Tensor):
        raise TypeError(
            f"image is {type(image).__name__}, must be a torch tensor (N, C, H, W). "
            "Use torch.from_numpy."
        )
    if image.ndim not in (4, 5) or 0 in image.shape:
        raise ValueError(
            f"image has shape {tuple(image.shape)}: give (N, C, H, W) or (N, C, D, H, W), none of "
            "them 0. For one picture: image[None]"
        )
    whole_number(margin, "margin", 0)
    size = list(image.shape[2:])
    several = isinstance(tile_size, (list, tuple))
    tiles = list(tile_size) if several else [tile_size] * len(size)  # type: ignore[arg-type]
    if len(tiles) != len(size):
        raise ValueError(
            f"tile_size={shown(tile_size)} must have {len(size)} numbers, one for each axis of the "
            f"picture. Use {shown(tuple(tiles[:1] * len(size)))}."
        )
    return size, [whole_number(tile, "tile_size", 1) for tile in tiles]
