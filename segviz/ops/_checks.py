"""What every public function asks of its arguments before it computes anything.

A wrong argument ends in a ``TypeError`` or ``ValueError`` that says what came in, the rule that it
breaks, and the remedy.
"""

from __future__ import annotations

import math
import operator
import reprlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Sizes = int | tuple[int, ...]

# Any size above this is a slip; below it no sum of sizes can overflow numpy's int64.
LARGEST_SIZE = 2**31 - 1
LARGEST_BYTES = 2**30
_LAYOUTS = {1: "(n,)", 2: "(H, W)"}


def shown(value: object) -> str:
    """Return ``value`` as it may stand in a message: one line, not long."""
    try:
        return " ".join(reprlib.repr(value).split())
    except ValueError:  # Python prints no int of more than 4300 digits
        return f"({type(value).__name__} too long to print)"


def whole_number(value: object, name: str, minimum: int) -> int:
    """Return ``value`` as an int that is at least ``minimum``."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(
            f"{name}={shown(value)} must be a whole number, because it is a count. "
            f"Use an int such as {max(minimum, 1)}."
        ) from None
    if number > LARGEST_SIZE or number < -LARGEST_SIZE:
        raise ValueError(
            f"{name} is beyond {LARGEST_SIZE}: no array is that large. Use a smaller number."
        )
    if number < minimum:
        raise ValueError(f"{name}={number} must be at least {minimum}. Use {minimum} or more.")
    return number


def sizes(value: object, name: str, axes: int, minimum: int) -> tuple[int, ...]:
    """Return one whole number per axis; a single one counts for every axis, as in torch."""
    if not isinstance(value, (tuple, list)):
        return (whole_number(value, name, minimum),) * axes
    if len(value) != axes:
        raise ValueError(
            f"{name}={shown(value)} has length {len(value)}, but there are {axes} axes. "
            "Use one number per axis, or a single number for all."
        )
    return tuple(whole_number(number, name, minimum) for number in value)


def steps(
    axes: int, stride: object, padding: object, dilation: object
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return stride, padding and dilation, one number per axis each."""
    return (
        sizes(stride, "stride", axes, 1),
        sizes(padding, "padding", axes, 0),
        sizes(dilation, "dilation", axes, 1),
    )


def flag(value: object, name: str) -> bool:
    """Return ``value`` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}={shown(value)} must be a switch. Use True or False.")
    return bool(value)


def real_array(value: ArrayLike, name: str, *axes: int) -> NDArray[Any]:
    """Return ``value`` as a non-empty array of finite ints or floats with that many axes."""
    array = _readable(value, name)
    if array.dtype.kind not in "iuf":
        raise TypeError(
            f"{name} has dtype {shown(array.dtype)}, but must hold real numbers. "
            "Use an array of ints or floats."
        )
    if array.ndim not in axes:
        wanted = " or ".join(_LAYOUTS[count] for count in axes)
        raise ValueError(
            f"{name} has shape {array.shape}, but must have shape {wanted}: one channel, "
            "no batch axis. Pick one channel of one picture first."
        )
    if array.size == 0:
        raise ValueError(
            f"{name} of shape {array.shape} is empty. Give it at least one number along every axis."
        )
    return _finite(array, name)


def _readable(value: ArrayLike, name: str) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except Exception as error:  # a tensor on a GPU, a ragged list, any object's own __array__
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise TypeError(
            f"{name} cannot be read as an array ({reason[:100]}). "
            "Use a numpy array of ints or floats."
        ) from error


def _finite(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.dtype.itemsize > 8:  # long double: what float64 cannot hold becomes inf here
        with np.errstate(over="ignore"):
            array = array.astype(np.float64)
    lost = array.size - np.count_nonzero(np.isfinite(array))
    if lost:
        raise ValueError(
            f"{name} holds {lost} NaN or infinite values, which would spread to everything "
            f"computed from them. Replace them first, for example with np.nan_to_num({name})."
        )
    return array


def index_array(value: ArrayLike, name: str, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return ``value`` as an integer array of the given shape."""
    array = real_array(value, name, len(shape))
    if array.dtype.kind == "f":
        raise TypeError(
            f"{name} has dtype {array.dtype}, but positions are whole numbers. "
            "Use the integer array that max pooling returned."
        )
    if array.shape != shape:
        raise ValueError(
            f"{name} has shape {array.shape}, but there is one position for each of the values of "
            f"shape {shape}. Use both arrays of the same pooling."
        )
    # What int64 cannot hold wraps round to a negative position, which is refused as well.
    return array.astype(np.intp)


def computed(**arrays: NDArray[Any]) -> list[NDArray[Any]]:
    """Return the arrays as floats to compute with: float32 if none is wider, else float64."""
    narrow = all(array.dtype.kind == "f" and array.dtype.itemsize <= 4 for array in arrays.values())
    dtype, limit = (np.float32, 1e14) if narrow else (np.float64, 1e149)
    for name, array in arrays.items():
        _summable(array, name, limit)
    return [array.astype(dtype) for array in arrays.values()]


def _summable(array: NDArray[Any], name: str, limit: float) -> None:
    """Refuse numbers whose products, summed over the largest array, might not fit the dtype."""
    largest = max(float(array.max()), -float(array.min()))
    if largest > limit:
        raise ValueError(
            f"{name} holds numbers up to {largest:.3g}, and sums of products of those may overflow."
            f" Use numbers up to {limit:.0e}, for example {name} / np.abs({name}).max()."
        )


def gibibytes(shape: tuple[int, ...], itemsize: int = 8) -> float:
    """Return the memory that an array of that shape takes, in GiB."""
    return math.prod(shape) * itemsize / 2**30


def affordable(shape: tuple[int, ...], name: str) -> None:
    """Refuse to make an array of float64 that would take more than 1 GiB."""
    if math.prod(shape) * 8 > LARGEST_BYTES:
        raise ValueError(
            f"{name} of shape {shape} would take {gibibytes(shape):.3g} GiB, and segviz.ops stops "
            "at 1 GiB. Use smaller sizes, strides or paddings."
        )
