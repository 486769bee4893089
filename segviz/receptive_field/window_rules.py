"""Rules for the operations that read windows of rows and columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from segviz._trace import Step
from segviz._trace.steps import pooling_of
from segviz.receptive_field import windows
from segviz.receptive_field.axis import Window
from segviz.receptive_field.pieces import Dimension, axes_in
from segviz.receptive_field.reach import Reach, windowed


def convolution(step: Step, inputs: list[Reach]) -> Reach:
    given = step.arguments
    if not given["input"].depends or len(inputs) > 1 or axes_in(inputs[0].pieces[1]):
        raise NotImplementedError("a kernel or channels that depend on the picture's rows")
    kernel_size = given["weight"].size[2:]
    kind = windows.stamping if given["transposed"] else windows.sliding
    made = _windows(step, kind, kernel_size, given["stride"], given["padding"], given["dilation"])
    reach = windowed(inputs[0], made)
    channels: Dimension = ((step.output.size[1], None),)
    return Reach((reach.pieces[0], channels, *reach.pieces[2:]), reach.terms)


def _windows(
    step: Step,
    kind: Callable[[int, int, int, int, int], Window],
    kernel_size: Sequence[int],
    *settings: Sequence[int],
) -> dict[int, Window]:
    """Return a window for each of the last dimensions; ``settings`` are stride, padding, ..."""
    axes, dims = len(kernel_size), len(step.output.size)
    rows = [list(row) * axes if len(row) == 1 else row for row in settings]
    return {
        dim: kind(step.output.size[dim], k, *numbers)
        for dim, k, *numbers in zip(range(dims - axes, dims), kernel_size, *rows, strict=True)
    }


def pool(step: Step, inputs: list[Reach]) -> Reach:
    given = step.arguments
    kernel_size = given["kernel_size"]
    stride, dilation = given["stride"] or kernel_size, given.get("dilation", [1])
    made = _windows(step, windows.sliding, kernel_size, stride, given["padding"], dilation)
    return windowed(inputs[0], made)


def unpool(step: Step, inputs: list[Reach], steps: Sequence[Step]) -> Reach:
    pool = pooling_of(step.arguments["indices"], steps)
    if pool is None or "kernel_size" not in pool.arguments:
        raise NotImplementedError("indices that come from no pooling with a kernel_size")
    given = pool.arguments
    stride = given["stride"] or given["kernel_size"]
    settings = [given["kernel_size"], stride, given["padding"], given["dilation"]]
    if step.output.size[-1] == 1 == given["self"].size[-2]:
        settings = [numbers[::-1] for numbers in settings]  # 1-D: see _trace.clashes
    return windowed(inputs[0], _windows(step, windows.stamping, *settings))


def adaptive_pool(step: Step, inputs: list[Reach]) -> Reach:
    return windowed(
        inputs[0],
        {
            dim: windows.adaptive(step.output.size[dim], step.inputs[0].size[dim])
            for dim in _last(step, len(step.arguments["output_size"]))
        },
    )


def _last(step: Step, axes: int) -> range:
    dims = len(step.output.size)
    return range(dims - axes, dims)


def resize(step: Step, inputs: list[Reach]) -> Reach:
    axes = int(step.function[-2])
    names = ["scales"] if axes == 1 else ["scales_d", "scales_h", "scales_w"][-axes:]
    made = {}
    for dim, name in zip(_last(step, axes), names, strict=True):
        n, m = step.inputs[0].size[dim], step.output.size[dim]
        made[dim] = _resizing(step, n, m, step.arguments[name])
    return windowed(inputs[0], made)


def _resizing(step: Step, n: int, m: int, scale: float | None) -> Window:
    ratio = 1 / Fraction(scale).limit_denominator(10**4) if scale else Fraction(n, m)
    if "nearest" in step.function:
        return windows.nearest(m, n, ratio, "exact" in step.function)
    corners = step.arguments["align_corners"]
    if corners:
        ratio = Fraction(n - 1, m - 1) if m > 1 else Fraction(0)
    return windows.interpolating(m, ratio, corners, "bicubic" in step.function)


def pad(step: Step, inputs: list[Reach]) -> Reach:
    return windowed(
        inputs[0],
        {dim: windows.cropping(step.output.size[dim], -before) for dim, before in _padding(step)},
    )


def _padding(step: Step) -> list[tuple[int, int]]:
    """Return (dimension, pixels in front); torch lists them from the last dimension on."""
    padding: list[int] = step.arguments.get("pad") or step.arguments["padding"]
    last = len(step.output.size) - 1
    return [(last - index, pixels) for index, pixels in enumerate(padding[::2])]


def border_pad(step: Step, inputs: list[Reach]) -> Reach:
    mode = step.function.partition("_")[0]
    return windowed(
        inputs[0],
        {
            dim: windows.bordering(step.output.size[dim], step.inputs[0].size[dim], before, mode)
            for dim, before in _padding(step)
        },
    )


def pixel_shuffle(step: Step, inputs: list[Reach]) -> Reach:
    """Channels laid out as pixels, r by r of them from each unit."""
    factor = [step.arguments["upscale_factor"]] * 2
    return _shuffled(step, inputs[0], windows.stamping, factor)


def pixel_unshuffle(step: Step, inputs: list[Reach]) -> Reach:
    """Pixels, r by r of them, laid out as channels of one unit."""
    factor = [step.arguments["downscale_factor"]] * 2
    return _shuffled(step, inputs[0], windows.sliding, factor)


def _shuffled(
    step: Step, reach: Reach, kind: Callable[..., Window], factor: Sequence[int]
) -> Reach:
    reach = windowed(reach, _windows(step, kind, factor, factor, [0], [1]))
    channels: Dimension = ((step.output.size[-3], None),)
    return Reach((*reach.pieces[:-3], channels, *reach.pieces[-2:]), reach.terms)


def write(step: Step, inputs: list[Reach]) -> Reach:
    """What is written into every s-th row and column of a tensor of constants."""
    given = step.arguments
    if given["base"].depends or given["starts"] is None or 0 in given["steps"]:
        raise NotImplementedError("writing into a map that holds values already")
    places = zip(given["starts"], given["steps"], strict=True)
    return windowed(
        inputs[0],
        {
            dim: windows.stamping(step.output.size[dim], 1, stride, -start, 1)
            for dim, (start, stride) in enumerate(places)
        },
    )
