"""DCAN's loss against torch's cross-entropy, term by term."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch._subclasses.fake_tensor import FakeTensorMode

from segviz.losses import dcan_auxiliary_weight, dcan_loss


def drawn(levels):
    generator = torch.Generator().manual_seed(0)
    maps = [torch.randn(2, 2, 4, 5, generator=generator) for _ in range(2 + 2 * levels)]
    pairs = [(maps[2 * i + 2], maps[2 * i + 3]) for i in range(levels)]
    objects, contours = torch.randint(2, (2, 2, 4, 5), generator=generator)
    objects[0, 0] = 255
    return (maps[0], maps[1], pairs), objects, contours


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(("levels", "weight"), [(0, 1.0), (3, 1.0), (3, 0.01), (3, 0)])
def test_term_by_term(levels, weight, reduction):
    scores, objects, contours = drawn(levels)
    expected = torch.tensor(0.0)
    for factor, one, two in [(1, *scores[:2]), *((weight, *pair) for pair in scores[2])]:
        for maps, target in ((one, objects), (two, contours)):
            expected += factor * F.cross_entropy(
                maps, target, ignore_index=255, reduction=reduction
            )
    found = dcan_loss(scores, objects, contours, auxiliary_weight=weight, reduction=reduction)
    torch.testing.assert_close(found, expected)


def test_on_a_fake_gpu():
    with FakeTensorMode(), torch.device("cuda"):
        maps = torch.rand(1, 2, 4, 5)
        target = torch.zeros(1, 4, 5, dtype=torch.int64)
        assert dcan_loss((maps, maps, [(maps, maps)]), target, target).device.type == "cuda"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"auxiliary_weight": -1}, "auxiliary_weight"),
        ({"auxiliary_weight": "1"}, "auxiliary_weight"),
        ({"reduction": "none"}, "Use 'mean' or 'sum'"),
    ],
)
def test_illegal_settings(options, words):
    with pytest.raises((ValueError, TypeError), match=words):
        dcan_loss(*drawn(1), **options)
    with pytest.raises((ValueError, TypeError), match="step"):
        dcan_auxiliary_weight(-1)


@pytest.mark.parametrize("cut", [lambda s: s[:2], lambda s: None, lambda s: (*s[:2], s[2][0])])
def test_other_scores_than_those_of_dcan(cut):
    scores, objects, contours = drawn(1)
    with pytest.raises(TypeError, match=r"Use what segviz\.models\.DCAN returns"):
        dcan_loss(cut(scores), objects, contours)


def test_the_weight_may_be_a_number_of_numpy_and_void_scores_count_nothing():
    (one, two, pairs), objects, contours = drawn(1)
    expected = dcan_loss((one, two, pairs), objects, contours, auxiliary_weight=0.5)
    given = {"auxiliary_weight": np.float32(0.5)}
    assert dcan_loss((one, two, pairs), objects, contours, **given) == expected
    objects[0, 0], contours[0, 0] = 255, 255
    expected = dcan_loss((one, two, pairs), objects, contours)
    for scores in (one, two, *pairs[0]):
        scores[0, :, 0] = float("nan")
    assert dcan_loss((one, two, pairs), objects, contours) == expected
