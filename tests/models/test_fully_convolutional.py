"""The dense network against the patch loop: the same score at every pixel."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from segviz.models import (
    SlidingWindow,
    predict_patches,
    shift_and_stitch,
    to_convolutional,
    to_fully_convolutional,
)
from segviz.models.fully_convolutional import network_stride

TOLERANCE = 1e-5


def randomised(model: nn.Module, seed: int = 0) -> nn.Module:
    """Give every weight and every batch-norm statistic a value that shows a mistake."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.uniform_(-1, 1, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
            with torch.no_grad():
                module.weight.uniform_(0.5, 2, generator=generator)
                module.bias.uniform_(-1, 1, generator=generator)
    return model.eval()


SHARED = nn.Tanh()  # one layer in two places

# name: (layers, width or height and width of the patch, channels)
CLASSIFIERS = {
    "N4's rule, 33": (SlidingWindow(patch_size=33, width=4, hidden=10), 33, 1),
    "N4's rule, 17, colour": (SlidingWindow(3, 5, patch_size=17, width=4, hidden=6), 17, 3),
    "strided convolutions": (
        nn.Sequential(
            *(nn.Conv2d(2, 4, 3, stride=2), nn.ReLU(), nn.Conv2d(4, 5, 3, stride=2), nn.Tanh()),
            *(nn.Flatten(), nn.Linear(5 * 3 * 3, 3)),
        ),
        15,
        2,
    ),
    "kernel differs from stride": (
        nn.Sequential(
            *(nn.Conv2d(1, 4, 3), nn.MaxPool2d(3, 2), nn.Conv2d(4, 4, 2), nn.AvgPool2d(2, 3)),
            *(nn.Flatten(), nn.Linear(4 * 2 * 2, 2)),
        ),
        18,
        1,
    ),
    "averages, batch norm, dropout, softmax": (
        nn.Sequential(
            *(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ELU(), nn.AvgPool2d(2)),
            *(nn.Conv2d(4, 6, 3), nn.PReLU(6), nn.AvgPool2d(2), nn.Flatten(), nn.Dropout(0.5)),
            *(nn.Linear(6 * 2 * 2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)),
            nn.Softmax(dim=-1),
        ),
        14,
        1,
    ),
    "no dense layer": (
        nn.Sequential(
            *(nn.Conv2d(1, 3, 3), nn.MaxPool2d(2), nn.Conv2d(3, 3, 3), nn.ReLU6()),
            *(nn.Conv2d(3, 2, 2), nn.LogSoftmax(1), nn.Flatten()),
        ),
        10,
        1,
    ),
    "global average": (
        nn.Sequential(
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.Sigmoid(), nn.MaxPool2d(2)),
            nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)),
        ),
        11,
        1,
    ),
    "groups, dilation, not square": (
        nn.Sequential(
            *(nn.Conv2d(2, 4, (3, 5), stride=(1, 2), groups=2), nn.ReLU()),
            *(nn.MaxPool2d((2, 1), dilation=2), nn.Conv2d(4, 2, (2, 3), dilation=2)),
            *(nn.Flatten(), nn.Linear(2 * 2 * 2, 2)),
        ),
        (11, 15),
        2,
    ),
    "unread last rows": (
        nn.Sequential(nn.Conv2d(1, 2, 4), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(8, 2)),
        14,
        1,
    ),
    "a layer in two places": (
        nn.Sequential(nn.Conv2d(1, 2, 3), SHARED, nn.Flatten(), nn.Linear(18, 2), SHARED),
        5,
        1,
    ),
    "dense layers alone": (nn.Sequential(nn.Flatten(), nn.Linear(25, 4), nn.Linear(4, 2)), 5, 1),
}


def loop(classifier: nn.Module, picture: torch.Tensor, patch_size: object) -> torch.Tensor:
    """What the patch loop gives; patches that are not square are cut out here."""
    if isinstance(patch_size, int):
        return predict_patches(classifier, picture, patch_size=patch_size, batch_size=64)
    height, width = picture.shape[-2:]
    tops, lefts = (size // 2 for size in patch_size)
    rows = [mirrored(range(r - tops, r - tops + patch_size[0]), height) for r in range(height)]
    columns = [mirrored(range(c - lefts, c - lefts + patch_size[1]), width) for c in range(width)]
    patches = [picture[:, row][:, :, column] for row in rows for column in columns]
    with torch.no_grad():
        return classifier(torch.stack(patches)).T.reshape(-1, height, width)


def mirrored(positions: range, size: int) -> list[int]:
    period = max(2 * size - 2, 1)
    return [min(position % period, period - position % period) for position in positions]


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("size", [(19, 22), (7, 5), (1, 1)])
def test_dense_network_equals_the_patch_loop(name, size):
    classifier, patch_size, channels = CLASSIFIERS[name]
    classifier = randomised(classifier)
    picture = torch.rand((channels, *size), generator=torch.Generator().manual_seed(1))
    expected = loop(classifier, picture, patch_size)
    with torch.no_grad():
        dense = to_fully_convolutional(classifier, patch_size=patch_size)(picture[None])[0]
    stitched = shift_and_stitch(classifier, picture[None], patch_size=patch_size)[0]
    assert dense.shape == stitched.shape == expected.shape
    assert (dense - expected).abs().max() <= TOLERANCE
    assert (stitched - expected).abs().max() <= TOLERANCE


LAYERS = st.tuples(
    st.sampled_from(["conv", "max", "average"]),
    st.integers(1, 4),  # kernel_size
    st.integers(1, 3),  # stride
    st.integers(1, 2),  # dilation
)


@settings(deadline=None, max_examples=25)
@given(
    stack=st.lists(LAYERS, min_size=1, max_size=4),
    last=st.integers(1, 3),
    more=st.integers(0, 2),
    size=st.tuples(st.integers(2, 14), st.integers(2, 14)),
    seed=st.integers(0, 99),
)
def test_any_stack_of_layers(stack, last, more, size, seed):
    torch.manual_seed(seed)
    layers, channels, patch = [], 2, last
    for kind, kernel_size, stride, dilation in stack:
        if kind == "conv":
            layers += [nn.Conv2d(channels, 3, kernel_size, stride, dilation=dilation), nn.ReLU()]
            channels = 3
        elif kind == "max":
            layers.append(nn.MaxPool2d(kernel_size, stride, dilation=dilation))
        else:
            layers.append(nn.AvgPool2d(kernel_size, stride))
    for kind, kernel_size, stride, dilation in reversed(stack):
        span = (kernel_size - 1) * (1 if kind == "average" else dilation) + 1
        patch = (patch - 1) * stride + span
    patch += min(more, stack[0][2] - 1)  # rows that nothing reads
    classifier = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * last**2, 2)).eval()
    picture = torch.rand(2, *size)
    expected = predict_patches(classifier, picture, patch_size=patch, batch_size=32)
    with torch.no_grad():
        dense = to_fully_convolutional(classifier, patch_size=patch)(picture[None])[0]
    assert (dense - expected).abs().max() <= TOLERANCE
    stitched = shift_and_stitch(classifier, picture[None], patch_size=patch)[0]
    assert (stitched - expected).abs().max() <= TOLERANCE


def test_patch_size_is_the_receptive_field_when_nobody_says_it():
    classifier = nn.Sequential(
        *(nn.Conv2d(1, 4, 4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 4), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(4 * 6 * 6, 2)),
    )
    assert to_fully_convolutional(classifier).patch_size == (33, 33)
    assert to_fully_convolutional(SlidingWindow(patch_size=35, width=2)).patch_size == (35, 35)


def test_strided_network_answers_once_every_stride_pixels():
    classifier = SlidingWindow(patch_size=33, width=4, hidden=5).eval()
    strided = to_convolutional(classifier)
    picture = torch.rand(1, 1, 33 + 8 * 4, 33 + 8 * 2)
    with torch.no_grad():
        answers = strided(picture)
        assert network_stride(strided) == (8, 8)
        assert answers.shape == (1, 2, 5, 3)
        patch = picture[:, :, 8 * 3 : 8 * 3 + 33, 8 : 8 + 33]
        assert torch.allclose(answers[:, :, 3, 1], classifier(patch), atol=TOLERANCE)


def test_the_classifier_is_left_as_it_was():
    classifier = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(1, 2, 3), nn.Flatten()).train()
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    dense = to_fully_convolutional(classifier)
    picture = torch.randn(1, 1, 8, 8)
    kept = picture.clone()
    for weight in dense.parameters():
        weight.data.zero_()
    dense(picture)
    assert torch.equal(picture, kept)
    assert classifier.training
    assert not dense.training
    assert all(torch.equal(value, before[key]) for key, value in classifier.state_dict().items())


def test_dense_network_can_be_trained():
    """A gradient through the dense network is the sum of those of the patches."""
    classifier = SlidingWindow(patch_size=9, width=3, hidden=4)
    picture = torch.rand(1, 1, 6, 5)
    dense = to_fully_convolutional(classifier)
    dense(picture).square().sum().backward()
    patches = nn.functional.pad(picture, (4, 4, 4, 4), mode="reflect")
    patches = patches.unfold(2, 9, 1).unfold(3, 9, 1).reshape(30, 1, 9, 9)
    classifier(patches).square().sum().backward()
    ours = [weight.grad.flatten() for weight in dense.parameters()]
    theirs = [weight.grad.flatten() for weight in classifier.parameters()]
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)


REFUSED = {
    "padding": ([nn.Conv2d(1, 2, 3, padding=1)], "padding stands at the border"),
    "same padding": ([nn.Conv2d(1, 2, 3, padding="same")], "padding stands at the border"),
    "padded pooling": ([nn.MaxPool2d(3, 1, padding=1)], "padding stands at the border"),
    "ceil mode": ([nn.MaxPool2d(2, ceil_mode=True)], "cut off by the border"),
    "indices": ([nn.MaxPool2d(3, return_indices=True)], "returns indices"),
    "instance norm": ([nn.InstanceNorm2d(1)], "none of the layers"),
    "group norm": ([nn.GroupNorm(1, 1)], "none of the layers"),
    "layer norm": ([nn.LayerNorm((9, 9))], "none of the layers"),
    "batch statistics": ([nn.BatchNorm2d(1, track_running_stats=False)], "of each batch"),
    "parts": ([nn.AdaptiveAvgPool2d(2)], "cuts the patch into 2 x 2 parts"),
    "kernel too large": ([nn.Conv2d(1, 2, 10)], "it spans 10 x 10, the map 9 x 9"),
    "linear on rows": ([nn.Linear(9, 2)], "not the whole map"),
    "half a flatten": ([nn.Flatten(2)], "does not flatten"),
    "convolution behind flatten": ([nn.Flatten(), nn.Conv2d(1, 1, 1)], "behind Flatten"),
    "wrong features": ([nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 2)], "a map of 2 x 7 x 7"),
    "weight per pixel": ([nn.Flatten(), nn.BatchNorm1d(81)], "a weight for every pixel"),
    "prelu per pixel": ([nn.Flatten(), nn.PReLU(81)], "a weight for every pixel"),
    "softmax over rows": ([nn.Softmax(dim=2)], "not taken over the channels"),
    "many answers": ([nn.Conv2d(1, 2, 3)], "more than one answer"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("convert", [to_convolutional, to_fully_convolutional])
def test_what_cannot_be_converted_is_refused(name, convert):
    layers, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        convert(nn.Sequential(*layers), patch_size=9)


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Flatten(), nn.Linear(25, 2)],
        [nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 3, 2)],
        [nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()],
    ],
)
def test_unknown_patch_size_is_asked_for(layers):
    with pytest.raises(ValueError, match=r"Give patch_size="):
        to_fully_convolutional(nn.Sequential(*layers))


def test_only_sequential_networks_are_read():
    class Own(nn.Sequential):
        def forward(self, patches):
            return super().forward(patches) + 1

    dense = to_fully_convolutional(SlidingWindow(patch_size=9, width=2))
    for network in (nn.Conv2d(1, 1, 1), Own(nn.Flatten()), dense, "network", None):
        with pytest.raises(TypeError, match=r"must be an nn\.Sequential"):
            to_fully_convolutional(network)


@pytest.mark.parametrize("patch_size", [0, -3, 2.5, "9", (9,), (9, 9, 9), True])
def test_illegal_patch_sizes(patch_size):
    with pytest.raises((ValueError, TypeError), match="patch_size"):
        to_fully_convolutional(SlidingWindow(patch_size=9, width=2), patch_size=patch_size)


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(1, 8, 8),
        torch.zeros(1, 2, 8, 8),
        torch.zeros(1, 1, 0, 8),
        torch.zeros(1, 1, 8, 8, dtype=torch.uint8),
        [[0.0]],
    ],
)
def test_illegal_pictures(images):
    classifier = SlidingWindow(patch_size=9, width=2)
    with pytest.raises((ValueError, TypeError), match="images"):
        to_fully_convolutional(classifier)(images)
    with pytest.raises((ValueError, TypeError), match="images"):
        shift_and_stitch(classifier, images)
