"""What each operation is called, and the rule by which it makes its output size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from segviz._trace import Step, Value
from segviz._trace.steps import is_crop
from segviz.explain_shapes.formulas import (
    axis_name,
    by_dimension,
    ceil_formula,
    convolution_formula,
    crop_formula,
    transposed_formula,
)

Explanation = tuple[str, str]  # what the operation is, and its formula
_PER_AXIS = {"kernel_size", "stride", "padding", "dilation", "output_size"}
_NAMES = {"add": "sum", "sub": "difference", "mul": "product", "div": "quotient"}


def has_rule(step: Step) -> bool:
    """Return True for an operation that is made to change sizes."""
    inner_view = step.function == "view" and step.module not in ("", "Flatten", "Unflatten")
    return step.function in _RULES and not inner_view


def explained(steps: Sequence[Step], axes: int) -> Explanation:
    """Return what an operation is called and its filled-in formula, empty if it has none.

    It is one step, or the slices of one crop, an axis each; the picture has ``axes`` axes.
    """
    step = _in_1d(steps[0]) if axes == 1 else steps[0]
    rule = _RULES.get(step.function)
    if step.function == "slice":
        return _crop(steps)
    if rule:
        return rule(step)
    if len(step.inputs) > 1:
        return _NAMES.get(step.function, step.function), _combined(step)
    return step.function.strip("_").replace("_", " "), ""


def _in_1d(step: Step) -> Step:
    """Return a pooling as the student wrote it: torch pools one axis as two, one of them 1 long."""
    windows = [name for name, given in step.arguments.items() if name in _PER_AXIS and given]
    if len(step.output.size) != 4 or not windows or step.function == "convolution":
        return step
    dummy = 3 if "unpool" in step.function else 2
    short: dict[str, Any] = {name: _without(step.arguments[name], dummy - 2) for name in windows}
    short["self"] = _smaller(step.inputs[0], dummy)
    outputs = tuple(_smaller(value, dummy) for value in step.outputs)
    return replace(step, arguments=step.arguments | short, outputs=outputs)


def _smaller(value: Value, dim: int) -> Value:
    return replace(value, size=tuple(_without(value.size, dim)))


def _without(numbers: Sequence[int], index: int) -> list[int]:
    return [number for at, number in enumerate(numbers) if at != index or len(numbers) == 1]


def _in_windows(step: Step, formula: Callable[..., str], *settings: Sequence[int]) -> str:
    """Return the formula of each of the last dimensions, as many as there are settings."""
    axes = len(settings[0])
    rows = [list(row) * axes if len(row) == 1 else row for row in settings]
    before, after = step.inputs[0].size[-axes:], step.output.size[-axes:]
    texts = [formula(*numbers) for numbers in zip(before, after, *rows, strict=True)]
    dims = len(step.output.size)
    return by_dimension(dict(zip(range(dims - axes, dims), texts, strict=True)), dims)


def _described(what: str, kernel_size: Sequence[int], **settings: Sequence[int]) -> str:
    """Return the name of the operation with those settings that are not torch's usual ones."""
    parts = [f"{what} {'x'.join(map(str, kernel_size))}"]
    for name, numbers in settings.items():
        usual = 0 if "padding" in name else 1
        if any(number != usual for number in numbers):
            same = len(set(numbers)) == 1
            parts.append(f"{name} {numbers[0] if same else tuple(numbers)}")
    return ", ".join(parts)


def _convolution(step: Step) -> Explanation:
    given = step.arguments
    kernel_size = given["weight"].size[2:]
    settings = {name: given[name] for name in ("stride", "padding", "dilation")}
    if given["transposed"]:
        settings["output_padding"] = given["output_padding"]
        what = _described("transposed convolution", kernel_size, **settings)
        return what, _in_windows(step, transposed_formula, kernel_size, *settings.values())
    what = _described("convolution", kernel_size, **settings)
    return what, _in_windows(step, convolution_formula, kernel_size, *settings.values())


def _pool(step: Step) -> Explanation:
    given = step.arguments
    kernel_size = given["kernel_size"]
    settings = {"stride": given["stride"] or kernel_size, "padding": given["padding"]}
    settings["dilation"] = given.get("dilation", [1])
    formula = ceil_formula if given["ceil_mode"] else convolution_formula
    text = _in_windows(step, formula, kernel_size, *settings.values())
    kind = "max pooling" if step.function.startswith("max") else "average pooling"
    mode = ", ceil mode" if given["ceil_mode"] else ""
    return _described(kind, kernel_size, **settings) + mode, text


def _asked(what: str, reason: str) -> Callable[[Step], Explanation]:
    """Return a rule for operations that are told their output size."""

    def rule(step: Step) -> Explanation:
        dims, axes = len(step.output.size), len(step.arguments["output_size"])
        texts = {dim: f"{step.output.size[dim]}, {reason}" for dim in range(dims - axes, dims)}
        return what, by_dimension(texts, dims)

    return rule


def _resize(kind: str) -> Callable[[Step], Explanation]:
    def rule(step: Step) -> Explanation:
        names = ("scales", "scales_d", "scales_h", "scales_w")
        scales = [step.arguments[name] for name in names if name in step.arguments]
        dims = len(step.output.size)
        texts = {}
        for dim, scale in zip(range(dims - len(scales), dims), scales, strict=True):
            n, m = step.inputs[0].size[dim], step.output.size[dim]
            texts[dim] = f"floor({n}*{scale:g}) = {m}" if scale else f"{m}, as asked"
        return f"{kind} upsampling", by_dimension(texts, dims)

    return rule


def _pad(kind: str) -> Callable[[Step], Explanation]:
    def rule(step: Step) -> Explanation:
        padding: list[int] = step.arguments["pad" if "pad" in step.arguments else "padding"]
        cut = is_crop(padding)
        texts, dims = {}, len(step.output.size)
        for dim in range(dims - len(padding) // 2, dims):
            before, after = padding[2 * (dims - 1 - dim) :][:2]
            n, m = step.inputs[0].size[dim], step.output.size[dim]
            if cut and n == m:
                continue
            padded = f"{n} + {before} + {after} = {m}".replace("+ -", "- ")
            texts[dim] = crop_formula(n, m, -before, n + after, 1) if cut else padded
        return "crop" if cut else f"{kind} padding", by_dimension(texts, dims)

    return rule


def _cat(step: Step) -> Explanation:
    dims = len(step.output.size)
    dim = step.arguments["dim"] % dims
    sizes = [value.size[dim] for value in step.arguments["tensors"]]
    text = f"{' + '.join(map(str, sizes))} = {sum(sizes)}"
    return "concatenation", f"{axis_name(dim, dims)}: {text}"


def _crop(steps: Sequence[Step]) -> Explanation:
    texts, dims = {}, len(steps[0].output.size)
    for step in steps:
        dim, every = step.arguments["dim"] % dims, step.arguments["step"]
        n, m = step.inputs[0].size[dim], step.output.size[dim]
        start, stop, _ = slice(step.arguments["start"], step.arguments["end"]).indices(n)
        if n != m:
            texts[dim] = crop_formula(n, m, start, stop, every)
    return "crop", by_dimension(texts, dims)


def _combined(step: Step) -> str:
    sizes = {value.size for value in step.inputs}
    return "same sizes" if len(sizes) == 1 else "sizes of 1 are repeated"


def _linear(step: Step) -> Explanation:
    left = step.arguments.get("mat1") or step.arguments["self"]
    return "dense layer", f"{left.size[-1]} features to {step.output.size[-1]}"


def _view(step: Step) -> Explanation:
    before, after = step.inputs[0].size, step.output.size
    if len(after) == 2 < len(before):
        return "flatten", f"{'*'.join(map(str, before[1:]))} = {after[1]}"
    return "reshape", ""


def _reduce(step: Step) -> Explanation:
    before = step.inputs[0].size
    given = step.arguments.get("dim")
    chosen = given if isinstance(given, list) else [given] if given is not None else range(9)
    dims = sorted({dim % len(before) for dim in chosen})
    return f"{step.function} over {' and '.join(axis_name(dim, len(before)) for dim in dims)}", ""


def _shuffle(step: Step) -> Explanation:
    inverse = step.function == "pixel_unshuffle"
    factor = step.arguments["downscale_factor" if inverse else "upscale_factor"]
    sign, dims = "//" if inverse else "*", len(step.output.size)
    sizes = enumerate(zip(step.inputs[0].size, step.output.size, strict=True))
    texts = {dim: f"{n}{sign}{factor} = {m}" for dim, (n, m) in sizes if dim >= dims - 2}
    return step.function.replace("_", " "), by_dimension(texts, dims)


_RULES: dict[str, Callable[[Step], Explanation]] = {
    "convolution": _convolution,
    "cat": _cat,
    "addmm": _linear,
    "mm": _linear,
    "view": _view,
    "constant_pad_nd": _pad("constant"),
    "circular_pad": _pad("circular"),
    "pixel_shuffle": _shuffle,
    "pixel_unshuffle": _shuffle,
    **dict.fromkeys(("max_pool2d_with_indices", "max_pool3d_with_indices"), _pool),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "avg_pool3d"), _pool),
    **dict.fromkeys(("max_unpool2d", "max_unpool3d"), _asked("max unpooling", "as was pooled")),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "max", "min", "std", "var", "argmax"), _reduce),
    **{f"_adaptive_avg_pool{n}d": _asked("adaptive average pooling", "as asked") for n in (2, 3)},
    **{f"adaptive_max_pool{n}d": _asked("adaptive max pooling", "as asked") for n in (2, 3)},
    **{f"upsample_nearest{n}d": _resize("nearest") for n in (1, 2, 3)},
    **{f"_upsample_nearest_exact{n}d": _resize("nearest") for n in (1, 2, 3)},
    "upsample_linear1d": _resize("linear"),
    "upsample_bilinear2d": _resize("bilinear"),
    "upsample_trilinear3d": _resize("trilinear"),
    "upsample_bicubic2d": _resize("bicubic"),
    **{f"reflection_pad{n}d": _pad("mirror") for n in (1, 2, 3)},
    **{f"replication_pad{n}d": _pad("border") for n in (1, 2, 3)},
}
