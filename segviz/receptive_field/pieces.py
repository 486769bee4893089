"""Where the picture's axes lie in the dimensions of a tensor, while the tensor is reshaped.

Each dimension is a tuple of pieces (size, axis): (64, None) for channels, (128, 0) for the rows,
((512, None), (7, 0), (7, 1)) for a flattened map. So a map that is flattened and folded again is
followed, and one that is cut across an axis of the picture is refused.
"""

from __future__ import annotations

import math

Piece = tuple[int, int | None]
Dimension = tuple[Piece, ...]


def of_picture(size: tuple[int, ...]) -> tuple[Dimension, ...]:
    """Return the pieces of (N, C, ...).

    >>> of_picture((1, 3, 64, 48))
    (((1, None),), ((3, None),), ((64, 0),), ((48, 1),))
    """
    return tuple(((n, dim - 2 if dim >= 2 else None),) for dim, n in enumerate(size))


def axes_in(dimension: Dimension) -> list[int]:
    """Return the picture's axes that lie in the dimension.

    >>> axes_in(((512, None), (7, 0), (7, 1)))
    [0, 1]
    """
    return [axis for _, axis in dimension if axis is not None]


def sole_axis(dimension: Dimension) -> int | None:
    """Return the axis that the dimension is, None for a dimension without one.

    Raises:
        NotImplementedError: the axis shares the dimension with others or with channels.
    """
    axes = axes_in(dimension)
    if not axes:
        return None
    if len(axes) > 1 or any(axis is None and size > 1 for size, axis in dimension):
        raise NotImplementedError("a dimension that mixes rows, columns or channels")
    return axes[0]


def reshaped(pieces: tuple[Dimension, ...], shape: tuple[int, ...]) -> tuple[Dimension, ...]:
    """Return the pieces after a view of the given shape.

    >>> reshaped(of_picture((1, 512, 7, 7)), (1, 25088))
    (((1, None),), ((512, None), (7, 0), (7, 1)))

    Raises:
        NotImplementedError: the shape cuts an axis of the picture.
    """
    rest = [piece for dimension in pieces for piece in dimension]
    dimensions = [_taken(rest, size) for size in shape]
    if rest and dimensions:
        dimensions[-1] = (*dimensions[-1], *rest)
    return tuple(dimensions)


def _taken(rest: list[Piece], size: int) -> Dimension:
    """Take pieces of that size in all from the front."""
    taken: list[Piece] = []
    missing = size
    if size == 1:
        return (rest.pop(0),) if rest and rest[0][0] == 1 else ()
    while missing > 1:
        length, axis = rest.pop(0)
        if axis is None and missing < length and length % missing == 0:
            rest.insert(0, (length // missing, None))
            length = missing
        if missing % length:
            raise NotImplementedError("a view that cuts rows or columns into parts")
        taken.append((length, axis))
        missing //= length
    return tuple(taken)


def sizes(pieces: tuple[Dimension, ...]) -> tuple[int, ...]:
    """Return the shape that the pieces make."""
    return tuple(math.prod(size for size, _ in dimension) for dimension in pieces)
