"""How large the output is: convolution, transposed convolution and pooling.

Each function takes one axis as an int and returns an int, or one number per axis as a tuple and
returns a tuple; the other arguments are an int for all axes or a tuple, as in torch.

References
----------
Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016, arXiv:1603.07285.
"""

from __future__ import annotations

from typing import Any, TypeVar

from segviz.ops import _checks as checks
from segviz.ops._checks import Sizes

Size = TypeVar("Size", int, tuple[int, ...])


def conv_output_size(
    input_size: Size,
    kernel_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> Size:
    """Return the output size of a convolution, floor((n + 2p - d(k - 1) - 1) / s) + 1.

    Args:
        input_size: n, pixels along one axis, or one number per axis.
        kernel_size: k, taps of the kernel.
        stride: s, input pixels from one output to the next.
        padding: p, zeros added on each side.
        dilation: d, input pixels from one tap to the next.

    Returns:
        The number of places where the kernel fits, in the form of ``input_size``.

    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size is out of range, or the kernel fits nowhere.

    Example:
        >>> conv_output_size(5, 3, stride=2, padding=1)
        3
        >>> conv_output_size((360, 480), 7, padding=3)
        (360, 480)
    """
    axes = _axes(input_size)
    n, k = checks.sizes(input_size, "input_size", axes, 1), _kernel(kernel_size, axes)
    s, p, d = checks.steps(axes, stride, padding, dilation)
    return _in_form_of(input_size, map(_conv, n, k, s, p, d))


def _conv(n: int, k: int, s: int, p: int, d: int) -> int:
    span = d * (k - 1) + 1
    if span > n + 2 * p:
        raise ValueError(
            f"kernel_size={k} with dilation={d} spans {span} pixels, but input_size={n} with "
            f"padding={p} has {n + 2 * p}: the kernel fits nowhere. "
            f"Use a smaller kernel, or padding={(span - n + 1) // 2} or more."
        )
    return (n + 2 * p - span) // s + 1


def conv_transpose_output_size(
    input_size: Size,
    kernel_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
) -> Size:
    """Return the output size of a transposed convolution, (n - 1)s - 2p + d(k - 1) + a + 1.

    Args:
        input_size: n, pixels along one axis, or one number per axis.
        kernel_size: k, taps of the kernel.
        stride: s, output pixels from one stamp of the kernel to the next.
        padding: p, pixels cropped from each side of the output.
        output_padding: a, pixels added at the end only; smaller than the stride or the dilation.
            A strided convolution takes several input sizes to one; this says which was meant.
        dilation: d, output pixels from one tap to the next.

    Returns:
        The size, in the form of ``input_size``.

    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size is out of range, or the padding crops everything.

    Example:
        >>> conv_transpose_output_size(3, 3, stride=2, padding=1)
        5
        >>> conv_transpose_output_size((3, 3), 3, stride=2, padding=1, output_padding=(0, 1))
        (5, 6)
    """
    axes = _axes(input_size)
    n, k = checks.sizes(input_size, "input_size", axes, 1), _kernel(kernel_size, axes)
    s, p, d = checks.steps(axes, stride, padding, dilation)
    a = checks.sizes(output_padding, "output_padding", axes, 0)
    return _in_form_of(input_size, map(_conv_transpose, n, k, s, p, d, a))


def _conv_transpose(n: int, k: int, s: int, p: int, d: int, a: int) -> int:
    if a >= max(s, d):
        raise ValueError(
            f"output_padding={a} must be smaller than stride={s} or dilation={d}: from the "
            f"stride on, the size is that of a longer input. Use {_choices(0, max(s, d) - 1)}."
        )
    full = (n - 1) * s + d * (k - 1) + a + 1
    if full <= 2 * p:
        raise ValueError(
            f"padding={p} crops {2 * p} pixels from an output of {full}: nothing is left. "
            f"Use {_choices(0, (full - 1) // 2)}."
        )
    return full - 2 * p


def pool_output_size(
    input_size: Size,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    ceil_mode: bool = False,
    *,
    padding: Sizes = 0,
    dilation: Sizes = 1,
) -> Size:
    """Return the output size of a pooling, floor or ceil of (n + 2p - d(k - 1) - 1) / s, plus 1.

    Args:
        input_size: n, pixels along one axis, or one number per axis.
        kernel_size: k, pixels of the window.
        stride: s, input pixels from one window to the next; the window's size if left out.
        ceil_mode: keep a last window that juts out over the end (Caffe's rule) if it starts before
            the padding there; torch's default drops it.
        padding: p, on each side; at most half of the kernel size.
        dilation: d, input pixels from one pixel of the window to the next.

    Returns:
        The number of windows, in the form of ``input_size``.

    Raises:
        TypeError: a size is not a whole number, or ``ceil_mode`` not a bool.
        ValueError: a size is out of range, or the window fits nowhere.

    Example:
        >>> pool_output_size(45, 2), pool_output_size(45, 2, ceil_mode=True)
        (22, 23)
    """
    axes, ceil_mode = _axes(input_size), checks.flag(ceil_mode, "ceil_mode")
    n, k = checks.sizes(input_size, "input_size", axes, 1), _kernel(kernel_size, axes)
    s, p, d = checks.steps(axes, k if stride is None else stride, padding, dilation)
    return _in_form_of(input_size, map(_pool, n, k, s, p, d, [ceil_mode] * axes))


def _pool(n: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int:
    span = d * (k - 1) + 1
    check_pool_padding(k, p)
    size = (n + 2 * p - span + (s - 1 if ceil_mode else 0)) // s + 1
    if ceil_mode and (size - 1) * s >= n + p:
        size -= 1  # that window would see nothing but padding
    if size < 1:
        raise ValueError(
            f"kernel_size={k} with dilation={d} spans {span} pixels, but input_size={n} with "
            f"padding={p} has {n + 2 * p}: the window fits nowhere. Use a smaller kernel_size."
        )
    return size


def check_pool_padding(k: int, p: int) -> None:
    """Refuse more padding than torch's pooling takes."""
    if p > k // 2:
        raise ValueError(
            f"padding={p} is more than half of kernel_size={k}: a window could see padding alone. "
            f"Use {_choices(0, k // 2)}."
        )


def _axes(input_size: object) -> int:
    if not isinstance(input_size, (tuple, list)):
        return 1
    if not input_size:
        raise ValueError("input_size=() has no axis. Use one number, or one for every axis.")
    return len(input_size)


def _kernel(kernel_size: object, axes: int) -> tuple[int, ...]:
    return checks.sizes(kernel_size, "kernel_size", axes, 1)


def _in_form_of(input_size: object, per_axis: Any) -> Any:
    sizes = tuple(per_axis)
    return sizes if isinstance(input_size, (tuple, list)) else sizes[0]


def _choices(first: int, last: int) -> str:
    if first == last:
        return f"{first}"
    return f"{first} or {last}" if last == first + 1 else f"{first} to {last}"
