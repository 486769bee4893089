"""What networks trained on ImageNet bring along: how pictures are normalised, and weights.

The weights are torchvision's; they are downloaded when they are first asked for.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

MEAN, STANDARD_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Normalization(nn.Module):
    """Pictures in [0, 1] less the mean of ImageNet, in its standard deviations, per channel.

    Pictures that have not 3 channels are left as they are.

    Examples
    --------
    >>> Normalization(3)(torch.tensor(MEAN)[None, :, None, None]).abs().max()
    tensor(0.)
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.in_channels = in_channels
        for name, numbers in (("mean", MEAN), ("deviation", STANDARD_DEVIATION)):
            self.register_buffer(name, torch.tensor(numbers).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        if self.in_channels != len(MEAN):
            return images
        return (images - self.mean) / self.deviation


def torchvision_weights(name: str) -> dict[str, Tensor]:
    """Return torchvision's ImageNet weights of a network, under torchvision's names.

    Nothing is unpickled but tensors, and the file's SHA-256 is checked.

    Raises
    ------
    ValueError
        If the file cannot be had, or is damaged.
    """
    from torchvision.models import get_model_weights

    weights = get_model_weights(name).IMAGENET1K_V1
    try:
        return weights.get_state_dict(check_hash=True, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"the ImageNet weights of {name} cannot be had ({reason[:100]}). Connect to the "
            "internet once, or use pretrained=False."
        ) from error


def check_pretrained(in_channels: int, width: int) -> None:
    """Raise ValueError unless the network has the form that ImageNet weights were trained in."""
    for name, number, trained in (("in_channels", in_channels, 3), ("width", width, 64)):
        if number != trained:
            raise ValueError(
                f"{name}={number} does not fit the ImageNet weights, which are of {trained}. "
                f"Use {name}={trained}, or pretrained=False."
            )
