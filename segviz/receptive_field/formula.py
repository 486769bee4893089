"""The receptive field by formula: what units see, carried from operation to operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from segviz._trace import Step, Trace, Untraceable, Value
from segviz.receptive_field import shape_rules as shapes
from segviz.receptive_field import window_rules as windows
from segviz.receptive_field.reach import Reach, of_picture_of

Rule = Callable[[Step, list[Reach]], Any]


def reaches_of(trace: Trace, target: Value) -> dict[Value, Reach]:
    """Return what the units of ``target``, and of every tensor on the way to it, see.

    Raises:
        Untraceable: an operation on the way moves rows and columns in a way not known here.
    """
    known = {trace.picture: of_picture_of(trace.picture.size)}
    needed = _needed(trace, target)
    for step in trace.steps:
        if step in needed:
            made = _after(step, [known[value] for value in step.inputs], trace.steps)
            several = made if isinstance(made, list) else [made] * len(step.outputs)
            known.update(zip(step.outputs, several, strict=True))
    return known


def _needed(trace: Trace, target: Value) -> set[Step]:
    needed: set[Step] = set()
    waiting = [target]
    while waiting:
        index = waiting.pop().step
        if index is not None and index >= 0 and trace.steps[index] not in needed:
            needed.add(trace.steps[index])
            waiting.extend(trace.steps[index].inputs)
    return needed


def _after(step: Step, inputs: list[Reach], steps: Sequence[Step]) -> Reach | list[Reach]:
    try:
        if step.function.startswith("max_unpool"):
            return windows.unpool(step, inputs, steps)
        rule = _RULES.get(step.function) or (shapes.together if step.pointwise else None)
        if rule is None:
            raise NotImplementedError(f"torch's {step.function}")
        return rule(step, inputs)
    except NotImplementedError as limit:
        raise Untraceable(
            f"the formula does not know what '{step.layer}' does with rows and columns ({limit}). "
            "Use by='gradient', or ask for an earlier layer."
        ) from limit


def _rules(table: dict[Rule, str]) -> dict[str, Rule]:
    return {name: rule for rule, names in table.items() for name in names.split()}


_RULES = _rules(
    {
        windows.convolution: "convolution",
        windows.pool: "max_pool2d_with_indices max_pool3d_with_indices "
        "avg_pool1d avg_pool2d avg_pool3d",
        windows.adaptive_pool: "_adaptive_avg_pool2d _adaptive_avg_pool3d "
        "adaptive_max_pool2d adaptive_max_pool3d",
        windows.resize: "upsample_nearest1d upsample_nearest2d upsample_nearest3d "
        "_upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d "
        "upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d",
        windows.pad: "constant_pad_nd",
        windows.border_pad: "circular_pad reflection_pad1d reflection_pad2d reflection_pad3d "
        "replication_pad1d replication_pad2d replication_pad3d",
        windows.pixel_shuffle: "pixel_shuffle",
        windows.pixel_unshuffle: "pixel_unshuffle",
        windows.write: "write",
        shapes.through: "native_batch_norm native_group_norm native_layer_norm native_dropout "
        "hardswish silu mish elu softplus log_sigmoid_forward prelu _prelu_kernel "
        "rrelu_with_noise _to_copy detach alias lift_fresh clone",
        shapes.copied: "copy",
        shapes.restrided: "as_strided",
        shapes.softmax: "_softmax _log_softmax _safe_softmax",
        shapes.view: "view _unsafe_view",
        shapes.permute: "permute",
        shapes.transpose: "transpose t",
        shapes.squeeze: "squeeze",
        shapes.unsqueeze: "unsqueeze",
        shapes.expand: "expand",
        shapes.reduce: "mean sum prod amax amin max min std var var_mean argmax argmin any all "
        "logsumexp linalg_vector_norm median",
        shapes.matmul: "addmm mm bmm",
        shapes.crop: "slice",
        shapes.select: "select",
        shapes.flip: "flip",
        shapes.split: "split split_with_sizes",
        shapes.unbind: "unbind",
        shapes.cat: "cat",
        shapes.stack: "stack",
    }
)
