"""Read a model and an input size; whatever is wrong with them is said before anything runs."""

from __future__ import annotations

import math
import re
from collections import Counter

from torch import nn
from torch.nn import parameter as parameters

from segviz.ops import _checks as checks

LARGEST_AXIS = 10**6  # pixels; every analysis keeps a few numbers per position of an axis
LARGEST_PICTURE = 2**40  # numbers; beyond it torch's own counts overflow in wide layers
_FORMS = {
    0: "(features,)",
    1: "(channels, length)",
    2: "(channels, rows, columns)",
    3: "(channels, depth, rows, columns)",
}


def checked_model(model: object) -> nn.Module:
    """Return the model if it is a network whose sizes are known."""
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model={checks.shown(model)} must be a torch.nn.Module. "
            "Give the network itself, not its class, its name or its weights."
        )
    if type(model).__module__.startswith("torch.jit"):
        raise TypeError(
            "model is compiled by torch.jit, which hides its layers. "
            "Give the torch.nn.Module that it was made from."
        )
    for name, parameter in model.named_parameters():
        if parameters.is_lazy(parameter):
            raise ValueError(
                f"model has a lazy layer whose size is not known yet ({name}). "
                "Run the network once on a picture first."
            )
    return model


def full_input_size(model: nn.Module, input_size: object) -> tuple[int, ...]:
    """Return ``input_size`` with its batch axis, which may be left out: (N, C, ...).

    >>> full_input_size(nn.Conv2d(3, 8, 3), (3, 64, 48))
    (1, 3, 64, 48)
    """
    if not isinstance(input_size, (tuple, list)):
        raise TypeError(
            f"input_size={checks.shown(input_size)} must be a tuple: (channels, rows, columns), "
            "or with the batch in front (N, channels, rows, columns)."
        )
    numbers = tuple(
        checks.whole_number(number, f"input_size[{index}]", 1)
        for index, number in enumerate(input_size)
    )
    axes = _spatial_axes(model, numbers)
    return not_too_large(numbers if len(numbers) == axes + 2 else (1, *numbers))


def not_too_large(size: tuple[int, ...]) -> tuple[int, ...]:
    """Return the size (N, C, ...) if there can be such a picture."""
    if max((*size[2:], 1)) > LARGEST_AXIS or math.prod(size) > LARGEST_PICTURE:
        raise ValueError(
            f"an input of {checks.shown(size)} is larger than any picture "
            f"(at most {LARGEST_AXIS} pixels an axis). Use smaller numbers."
        )
    return size


def _spatial_axes(model: nn.Module, numbers: tuple[int, ...]) -> int:
    votes = _axes_of_layers(model)
    if not votes:  # dense layers and functions alone fix no number of axes
        votes = [{1: 0, 2: 0, 3: 2, 4: 2, 5: 3}.get(len(numbers), 2)]
    for axes in votes:
        if len(numbers) in (axes + 1, axes + 2):
            return axes
    raise ValueError(
        f"input_size={checks.shown(numbers)} has {len(numbers)} numbers, but the network takes "
        f"{_FORMS[votes[0]]}, with or without the batch in front. Use such a size."
    )


def _axes_of_layers(model: nn.Module) -> list[int]:
    """Return 1, 2 or 3, most frequent first, as convolutions, else other layers and weights say."""
    convolutions, others = Counter[int](), Counter[int]()
    for module in model.modules():
        for kind in type(module).__mro__:
            named = re.fullmatch(r"(.*)([123])d", kind.__name__)
            if named and kind.__module__.startswith("torch.nn"):
                votes = convolutions if "Conv" in named[1] else others
                votes[int(named[2])] += 1
                break
    weights = Counter(weight.ndim - 2 for weight in model.parameters() if 3 <= weight.ndim <= 5)
    return [axes for axes, _ in (convolutions or others or weights).most_common()]
