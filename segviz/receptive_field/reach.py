"""What the units of one tensor see of the picture, and how operations in general change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segviz.receptive_field import windows
from segviz.receptive_field.axis import Axis, Window, contains, picture_axis, through, union
from segviz.receptive_field.pieces import Dimension, axes_in, of_picture, sole_axis

Term = tuple[Axis, ...]
MOST_TERMS = 64


@dataclass(frozen=True, eq=False)
class Reach:
    """What each unit of a tensor sees: the union of its terms, each a product over the axes.

    One term is enough for most networks. Two are kept apart where their union is no product
    (some units see nothing through one branch) or does not move with the unit (a branch that pools
    over the whole picture).
    """

    pieces: tuple[Dimension, ...]
    terms: tuple[Term, ...]

    @property
    def size(self) -> tuple[int, ...]:
        """Units along each axis of the picture; 1 where the axis has been pooled away."""
        return tuple(axis.size for axis in self.terms[0])

    def field(self, unit: Sequence[int], *, bounded: bool) -> tuple[tuple[int, int], ...] | None:
        """Return first and last pixel per axis that the unit sees, or None if it sees nothing.

        With ``bounded`` in this picture, else in an endless one.
        """
        found = []
        for term in self.terms:
            where = [np.array([index]) for index in unit]
            fields = [
                axis.bounded[:, at] if bounded else axis.fields(at)
                for axis, at in zip(term, where, strict=True)
            ]
            if np.isfinite(fields).all():
                found.append(np.array(fields)[:, :, 0])
        if not found:
            return None
        first, last = np.min(found, axis=0)[:, 0], np.max(found, axis=0)[:, 1]
        return tuple((int(low), int(high)) for low, high in zip(first, last, strict=True))

    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Return per axis the smallest and largest field, over the units that see anything."""
        fields = [
            np.stack([term[axis].fields(np.arange(n)) for term in self.terms])
            for axis, n in enumerate(self.size)
        ]
        return tuple(_extremes(fields, axis) for axis in range(len(fields)))


def _extremes(fields: list[NDArray[np.float64]], axis: int) -> tuple[int, int]:
    """Return the least and the largest extent along an axis; ``fields`` (terms, 2, units) each."""
    extents = []
    for active in _active_terms(fields, axis):
        chosen = fields[axis][list(active)]
        extent = chosen[:, 1].max(axis=0) - chosen[:, 0].min(axis=0) + 1
        extents.append(extent[np.isfinite(extent)])
    found = np.concatenate(extents) if extents else np.array([])
    return (int(found.min()), int(found.max())) if found.size else (0, 0)


def _active_terms(fields: list[NDArray[np.float64]], axis: int) -> set[tuple[int, ...]]:
    """Return which terms count together: those that see something along all other axes."""
    active = {tuple(range(len(fields[axis])))}
    if len(fields[axis]) == 1:
        return active  # where the other axes see nothing, the unit is not counted anyway
    for other, field in enumerate(fields):
        if other != axis:
            seeing = np.unique(np.isfinite(field[:, 0]), axis=1).T
            active = {tuple(t for t in terms if row[t]) for terms in active for row in seeing}
    return {terms for terms in active if terms}


def of_picture_of(size: tuple[int, ...]) -> Reach:
    """Return the reach of the picture (N, C, ...) itself."""
    axes = {n: picture_axis(n) for n in size[2:]}
    return Reach(of_picture(size), (tuple(axes[n] for n in size[2:]),))


def windowed(reach: Reach, window_of: Mapping[int, Window]) -> Reach:
    """Return the reach after an operation that reads windows along the dimensions given."""
    pieces, changed = list(reach.pieces), {}
    for dim, window in window_of.items():
        axis = sole_axis(pieces[dim])
        pieces[dim] = ((window.size, axis),)
        if axis is not None:
            changed[axis] = window
    return Reach(tuple(pieces), _changed(reach.terms, changed))


def pooled(reach: Reach, dims: Sequence[int]) -> Reach:
    """Return the reach after everything along these dimensions was joined, each left as size 1."""
    pieces, changed = list(reach.pieces), {}
    for dim in dims:
        for axis in axes_in(pieces[dim]):
            changed[axis] = windows.whole(reach.size[axis])
        pieces[dim] = ((1, sole[0] if len(sole := axes_in(pieces[dim])) == 1 else None),)
    return Reach(tuple(pieces), _changed(reach.terms, changed))


def _changed(terms: tuple[Term, ...], window_of: Mapping[int, Window]) -> tuple[Term, ...]:
    made: dict[tuple[Axis, Window], Axis] = {}  # rows and columns are often the same

    def change(index: int, axis: Axis) -> Axis:
        if index not in window_of:
            return axis
        key = axis, window_of[index]
        if key not in made:
            made[key] = through(*key)
        return made[key]

    return tuple(tuple(change(index, axis) for index, axis in enumerate(term)) for term in terms)


def joined(reaches: Sequence[Reach]) -> Reach:
    """Return what units see that see all that the units of several tensors see, as in a sum.

    Shapes are lined up at the end, and a size of 1 is repeated, as in torch.
    """
    if len(reaches) == 1:
        return reaches[0]
    dims = max(len(reach.pieces) for reach in reaches)
    padded = [((),) * (dims - len(reach.pieces)) + reach.pieces for reach in reaches]
    pieces = tuple(_agreed(column) for column in zip(*padded, strict=True))
    located = [axis for dimension in pieces for axis in axes_in(dimension)]
    if len(located) != len(set(located)):
        raise NotImplementedError("tensors whose rows and columns are in different order")
    size = np.max([reach.size for reach in reaches], axis=0)
    terms: list[Term] = []
    for reach in reaches:
        stretch = {
            axis: windows.whole(1, int(n))
            for axis, n in enumerate(size)
            if reach.size[axis] == 1 != n
        }
        for term in _changed(reach.terms, stretch):
            terms = _with(terms, term)
    return Reach(pieces, tuple(terms))


def _agreed(column: Sequence[Dimension]) -> Dimension:
    """Return the pieces of a dimension in which several tensors meet."""
    longest = [d for d in column if any(size > 1 and axis is not None for size, axis in d)]
    if not longest:
        return max(column, key=lambda d: (np.prod([size for size, _ in d]), len(d)))
    if any(other != longest[0] for other in longest):
        raise NotImplementedError("tensors whose rows and columns are in different order")
    return longest[0]


def _with(terms: list[Term], new: Term) -> list[Term]:
    """Return the terms with one more, joined to one of them where their union is a product."""
    for term in terms:
        if all(contains(wide, narrow) for wide, narrow in zip(term, new, strict=True)):
            return terms
    terms = [
        term
        for term in terms
        if not all(contains(wide, narrow) for wide, narrow in zip(new, term, strict=True))
    ]
    for index, term in enumerate(terms):
        pairs = list(zip(term, new, strict=True))
        if all(a.complete and b.complete and a.jump == b.jump for a, b in pairs):
            terms[index] = tuple(union(a, b) for a, b in pairs)
            return terms
    if len(terms) == MOST_TERMS:
        raise NotImplementedError("more branches than can be kept apart")
    return [*terms, new]
