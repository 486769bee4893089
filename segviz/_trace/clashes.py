"""Say before torch does why the sizes that meet in an operation do not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from segviz._trace.steps import (
    AXIS_NAMES,
    ShapeClash,
    Step,
    Value,
    first_line,
    layer_of,
    pooling_of,
    shown_size,
)

Names = Callable[[Value], str]
Rule = Callable[[str, dict[str, Any], Names, Sequence[Step]], None]


def check(function: str, layer: str, arguments: dict[str, Any], steps: Sequence[Step]) -> None:
    """Raise ShapeClash if the operation cannot run on its arguments, naming the layers."""
    rule = _RULES.get(function)
    if rule:
        rule(layer, arguments, lambda value: _source(value, layer, steps), steps)


def check_output(layer: str, size: Sequence[int]) -> None:
    """Raise ShapeClash if nothing is left of the map, which torch itself lets pass."""
    empty = [axis - len(size) for axis, n in enumerate(size) if n == 0]
    if empty:
        raise ShapeClash(
            f"'{layer}' leaves an empty map, {shown_size(size[1:])}. Use a larger picture.",
            axes=empty,
            needs=1,
        )


def _source(value: Value, layer: str, steps: Sequence[Step]) -> str:
    """Return the name of the layer that the value comes from, not what this one did with it."""
    while value.step is not None and value.step >= 0 and steps[value.step].layer == layer:
        value = steps[value.step].inputs[0]
    if value.step is None:
        return "a tensor of the network"
    return "the picture" if value.step < 0 else f"'{layer_of(value, steps)}'"


def refused(function: str, layer: str, error: Exception) -> ShapeClash:
    """Return the clash for what torch itself refuses and no rule here foresaw."""
    return ShapeClash(f"'{layer}': torch refuses {function} here: {first_line(error)}.")


def _convolution(layer: str, given: dict[str, Any], name: Names, _steps: Sequence[Step]) -> None:
    picture, weight = given["input"].size, given["weight"].size
    wanted = weight[0] if given["transposed"] else weight[1] * given["groups"]
    if picture[1] != wanted:
        raise ShapeClash(
            f"'{layer}' takes {wanted} channels, but {name(given['input'])} has {picture[1]}. "
            "Change the one or the other: no picture size helps.",
            axes=(),
        )
    if not given["transposed"]:
        form = weight[2:], given["padding"], given["dilation"], [0]
        _window(layer, given["input"], *form, name)


def _pool(layer: str, given: dict[str, Any], name: Names, _steps: Sequence[Step]) -> None:
    kernel_size = given["kernel_size"]
    stride = given["stride"] or kernel_size
    jut = [s - 1 for s in stride] if given["ceil_mode"] else [0]
    form = kernel_size, given["padding"], given.get("dilation", [1]), jut
    _window(layer, given["self"], *form, name)


def _window(
    layer: str,
    value: Value,
    kernel_size: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    jut: Sequence[int],
    name: Names,
) -> None:
    """Check that the kernel fits; with ceil mode it may jut out over the end."""
    axes = len(kernel_size)
    size = value.size[-axes:]
    padding, dilation, jut = (_per_axis(numbers, axes) for numbers in (padding, dilation, jut))
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel_size, strict=True)]
    small = [a for a in range(axes) if spans[a] > size[a] + 2 * padding[a] + jut[a]]
    if small:
        real = [a for a in range(axes) if (spans[a], size[a]) != (1, 1)]  # torch pools 1-D as 2-D
        padded = f" with padding {_chosen(padding, real)}" if any(padding) else ""
        raise ShapeClash(
            f"'{layer}': its kernel spans {_chosen(spans, real)}, larger than the map of "
            f"{name(value)}, {_chosen(size, real)}{padded}. "
            "Use a larger picture or a smaller kernel.",
            axes=[a - axes for a in small],
            needs=1,
        )


def _chosen(numbers: Sequence[int], axes: Sequence[int]) -> str:
    return shown_size([numbers[axis] for axis in axes])


def _per_axis(numbers: Sequence[int], axes: int) -> list[int]:
    return list(numbers) * axes if len(numbers) == 1 else list(numbers)


def _concatenation(layer: str, given: dict[str, Any], name: Names, _steps: Sequence[Step]) -> None:
    first, *others = [value for value in given["tensors"] if value.size != (0,)]
    for other in others:
        dim = given.get("dim", 0) % max(len(first.size), 1)
        _equal(layer, "joins", first, other, name, apart=dim)


def _stack(layer: str, given: dict[str, Any], name: Names, _steps: Sequence[Step]) -> None:
    first, *others = given["tensors"]
    for other in others:
        _equal(layer, "stacks", first, other, name)


def _pointwise(layer: str, given: dict[str, Any], name: Names, _steps: Sequence[Step]) -> None:
    first, other = given["self"], given.get("other", given.get("exponent"))
    if isinstance(first, Value) and isinstance(other, Value):
        _equal(layer, "combines", first, other, name, broadcast=True)


def _equal(
    layer: str,
    verb: str,
    first: Value,
    other: Value,
    name: Names,
    *,
    apart: int | None = None,
    broadcast: bool = False,
) -> None:
    one, two = first.size, other.size
    if broadcast:  # torch lines shapes up at the end, and a size of 1 fits any other
        length = max(len(one), len(two))
        one, two = ((1,) * (length - len(size)) + size for size in (one, two))
    elif len(one) != len(two):
        raise ShapeClash(
            f"'{layer}' {verb} {_sized(first, name)} with {_sized(other, name)}: they have "
            f"{len(one)} and {len(two)} axes.",
            axes=(),
        )
    differ = [d for d in range(len(one)) if d != apart and one[d] != two[d]]
    if broadcast:
        differ = [d for d in differ if 1 not in (one[d], two[d])]
    if differ:
        what = " and ".join(f"{_axis(d, len(one))} {one[d]} and {two[d]}" for d in differ)
        raise ShapeClash(
            f"'{layer}' {verb} {_sized(first, name)} with {_sized(other, name)}: {what} differ. "
            "Crop or pad one of them to the size of the other.",
            axes=[d - len(one) for d in differ] if min(differ) >= 2 else (),
        )


def _sized(value: Value, name: Names) -> str:
    return f"{name(value)} ({shown_size(value.size[1:])})"


def _axis(dim: int, dims: int) -> str:
    names = ("batch", "channels", *AXIS_NAMES.get(dims - 2, ()))
    return names[dim] if dim < len(names) else f"axis {dim}"


def _linear(layer: str, given: dict[str, Any], name: Names, steps: Sequence[Step]) -> None:
    picture, weight = given.get("mat1", given.get("self")), given["mat2"]
    if picture is None or picture.size[-1] == weight.size[0]:
        return
    source, made_of = _flattened(picture, steps)
    raise ShapeClash(
        f"'{layer}' takes {weight.size[0]} features, but {name(source)} gives "
        f"{shown_size(made_of)}{'' if len(made_of) == 1 else f' = {picture.size[-1]}'}. Use "
        f"another picture size, or a layer of {picture.size[-1]} features.",
        needs=1 if picture.size[-1] < weight.size[0] else -1,
    )


def _flattened(value: Value, steps: Sequence[Step]) -> tuple[Value, tuple[int, ...]]:
    """Return the map that was flattened into ``value``, and its size without the batch."""
    while value.step not in (-1, None) and len(value.size) == 2:
        step = steps[value.step]
        if step.function in ("view", "_unsafe_view", "reshape") or step.pointwise:
            value = step.inputs[0]
        else:
            break
    return value, value.size[1:]


def _unpool(layer: str, given: dict[str, Any], name: Names, steps: Sequence[Step]) -> None:
    value, indices, asked = given["self"], given["indices"], tuple(given["output_size"])
    axes = len(asked)
    _equal(layer, "unpools", value, indices, name)
    pool = pooling_of(indices, steps)
    if pool is None:
        return
    counted = pool.arguments["self"].size[-axes:]
    if asked[-1] == 1 == counted[-2]:  # 1-D: torch adds the axis in front to pool, behind to unpool
        counted = (*counted[:-2], counted[-1], 1)
    differ = [axis for axis in range(axes) if counted[axis] != asked[axis]]
    if differ:
        raise ShapeClash(
            f"'{layer}' makes a map of {shown_size(asked)}, but its indices count the pixels of "
            f"the {shown_size(counted)} map that '{pool.layer}' pooled: values would land on wrong "
            f"pixels. Give output_size={counted}.",
            axes=[axis - axes for axis in differ],
        )


def _border(largest: int, verb: str) -> Rule:
    """Return the rule for padding that repeats at most n - 1 or n of the map's n pixels."""

    def rule(layer: str, given: dict[str, Any], name: Names, _steps: Sequence[Step]) -> None:
        value, padding = given["self"], given.get("pad") or given["padding"]
        axes = len(padding) // 2
        size = value.size[-axes:]
        pairs = [padding[2 * (axes - 1 - a) :][:2] for a in range(axes)]
        small = [axis for axis in range(axes) if max(pairs[axis]) > size[axis] + largest]
        if small:
            raise ShapeClash(
                f"'{layer}' {verb} {max(padding)} pixels at the border, but {name(value)} is only "
                f"{shown_size(size)}. Use a larger picture or less padding.",
                axes=[axis - axes for axis in small],
                needs=1,
            )

    return rule


_POINTWISE = ("add", "sub", "mul", "div", "maximum", "minimum", "pow", "fmax", "fmin", "where")
_POOLS = ("max_pool2d_with_indices", "max_pool3d_with_indices", "avg_pool2d", "avg_pool3d")
_RULES: dict[str, Rule] = {
    "convolution": _convolution,
    "cat": _concatenation,
    "stack": _stack,
    "addmm": _linear,
    "mm": _linear,
    "max_unpool2d": _unpool,
    "max_unpool3d": _unpool,
    **dict.fromkeys(_POOLS, _pool),
    **dict.fromkeys(_POINTWISE, _pointwise),
    "circular_pad": _border(0, "wraps"),
    **{f"reflection_pad{axes}d": _border(-1, "reflects") for axes in (1, 2, 3)},
}
