"""The paper's FCN, against the counts and sizes of the release, and the ladder."""

import pytest
import torch
import torch.nn.functional as F

from segviz.models import FCN, FCNLadder, create, fcn
from segviz.models.blocks import crop
from segviz.models.upsampling import bilinear_upsampling

LIGHT = {"backbone": "efficientnet_lite0", "pretrained": False}
COUNTS = {32: (134_346_581, 1_806_336), 16: (134_357_354, 458_640), 8: (134_362_751, 127_008)}


@pytest.mark.parametrize("stride", COUNTS)
def test_counts_of_the_paper(stride):
    with torch.device("meta"):
        model = FCN(finest_stride=stride)
    learned = sum(w.numel() for w in model.parameters() if w.requires_grad)
    fixed = sum(w.numel() for w in model.parameters() if not w.requires_grad)
    assert (learned, fixed) == COUNTS[stride]


def test_sizes_of_the_release():
    with torch.device("meta"):
        model = FCN()
        maps, sizes = torch.zeros(1, 3, 500, 500), []
        for stage, pool in zip(model.stages, model.pools, strict=True):
            sizes.append(stage[0](maps).shape[-1])
            maps = pool(stage(maps))
            sizes.append(maps.shape[-1])
        sizes.append(model.dense(maps).shape[-1])
    assert sizes == [698, 349, 349, 175, 175, 88, 88, 44, 44, 22, 16]


@pytest.mark.parametrize("stride", [32, 16, 8])
@pytest.mark.parametrize("size", [(1, 1), (33, 97), (500, 375)])
def test_scores_have_the_size_of_the_picture(stride, size):
    with torch.device("meta"):
        model = FCN(2, 5, finest_stride=stride)
        assert model(torch.zeros(2, 2, *size)).shape == (2, 5, *size)


def centres_and_crops(finest, first_padding=100):
    """Crop offsets that put every map on the pixel it came from, from centre coordinates alone.

    A map has its first centre at pixel ``first`` and the next one ``jump`` pixels on.
    """
    first, jump, pooled = 0.0, 1.0, {}
    for stage, convolutions in enumerate((2, 2, 3, 3, 3), start=1):
        for index in range(convolutions):
            padding = first_padding if (stage, index) == (1, 0) else 1
            first += (1 - padding) * jump
        first, jump = first + 0.5 * jump, 2 * jump
        pooled[jump] = first
    first += 3 * jump  # fc6
    offsets = []
    for skip in (16, 8):
        if skip >= finest:
            first, jump = first - 1.5 * jump / 2, jump / 2  # kernel 4, stride 2
            offsets.append((first - pooled[jump]) / jump)
    kernel_size = 2 * finest
    first, jump = first - (kernel_size - 1) / 2 * jump / finest, jump / finest
    return [*offsets, (0 - first) / jump]


@pytest.mark.parametrize("stride", [32, 16, 8])
@pytest.mark.parametrize("padding", [100, 81])
def test_crops_keep_every_map_in_place(stride, padding, monkeypatch):
    found = []

    def recorded(maps, offset, size):
        found.append(offset)
        return crop(maps, offset, size)

    monkeypatch.setattr(fcn, "crop", recorded)
    with torch.device("meta"):
        FCN(finest_stride=stride, padding=padding)(torch.zeros(1, 3, 64, 64))
    assert found == centres_and_crops(stride, padding)


@pytest.mark.parametrize(("stride", "padding"), [(32, 81), (16, 73), (8, 69)])
def test_least_padding_answers_at_every_pixel(stride, padding):
    with torch.device("meta"):
        model = FCN(1, 2, finest_stride=stride, padding=padding, width=1)
        least = 195 - 2 * padding
        for size in range(least, least + 70):
            images = torch.zeros(1, 1, size, 2 * least + 69 - size)
            assert model(images).shape[-2:] == images.shape[-2:]
        with pytest.raises(ValueError, match=rf"pool5 must .* Use {least} x 90\."):
            model(torch.zeros(1, 1, least - 1, 90))
        with pytest.raises(ValueError, match=f"padding={padding - 1} must be at least {padding}"):
            FCN(finest_stride=stride, padding=padding - 1)


LEARNED = {"fixed": set(), "intermediate": {"16", "8"}, "learned": {"16", "8", "1"}}


@pytest.mark.parametrize("upsampling", LEARNED)
@pytest.mark.parametrize("grouped", [False, True])
def test_which_upsampling_learns(upsampling, grouped):
    with torch.device("meta"):
        model = FCN(upsampling=upsampling, grouped=grouped)
    learned = {key for key, layer in model.upsample.items() if layer.weight.requires_grad}
    assert learned == LEARNED[upsampling]
    assert model.upsample["8"].weight.shape == (21, 1 if grouped else 21, 4, 4)


def scored(**variant):
    """A small FCN-8s whose score layers are not zero, as they are at first."""
    model = FCN(3, 4, width=1, padding=69, **variant).eval()
    for layer in model.score.values():
        torch.nn.init.normal_(layer.weight)
    return model


def test_grouped_upsampling_gives_the_same_scores():
    full, grouped = scored(), scored(grouped=True)
    upsamplings = {k for k in full.state_dict() if k.startswith("upsample")}
    weights = {k: v for k, v in full.state_dict().items() if k not in upsamplings}
    assert set(grouped.load_state_dict(weights, strict=False).missing_keys) == upsamplings
    images = torch.rand(1, 3, 57, 60)
    with torch.no_grad():
        assert torch.allclose(full(images), grouped(images), atol=1e-5)


def test_at_once_scales_the_skips():
    staged, at_once = scored(), scored(at_once=True)
    at_once.load_state_dict(staged.state_dict())
    with torch.no_grad():
        staged.score["16"].weight *= 0.01
        staged.score["8"].weight *= 0.0001
        images = torch.rand(1, 3, 57, 60)
        assert torch.allclose(staged(images), at_once(images), atol=1e-5)


@pytest.mark.parametrize("stride", [32, 16, 8])
def test_smallest_picture_trains_alone(stride):
    model = FCN(1, 2, finest_stride=stride, width=1)
    model(torch.rand(1, 1, 1, 1)).square().sum().backward()
    learned = [weight for weight in model.parameters() if weight.requires_grad]
    assert all(weight.grad is not None for weight in learned)


@pytest.mark.parametrize("groups", [1, 3])
def test_fixed_upsampling_is_bilinear(groups):
    maps = torch.rand(1, 3, 6, 7)
    upsample = bilinear_upsampling(3, 4, groups=groups, fixed=True)
    assert not upsample.weight.requires_grad
    ours = upsample(maps)[..., 2:-2, 2:-2]
    theirs = F.interpolate(maps, scale_factor=4, mode="bilinear", align_corners=False)
    inside = (..., slice(2, -2), slice(2, -2))
    assert torch.allclose(ours[inside], theirs[inside], atol=1e-6)


@pytest.mark.parametrize("stride", [32, 16, 8, 4])
def test_ladder_answers_at_every_pixel(stride):
    model = FCNLadder(num_classes=5, finest_stride=stride, pretrained=False).eval()
    assert model.decoder.strides == tuple(s for s in (32, 16, 8, 4) if s >= stride)
    for size in [(64, 96), (33, 47), (1, 1)]:
        assert model(torch.rand(2, 3, *size)).shape == (2, 5, *size)


def test_ladder_is_the_sum_of_its_rungs():
    """By hand: enlarge the coarse scores, add the next, enlarge to the picture."""
    model = create("fcn8s", num_classes=4, seed=0, **LIGHT).eval()
    image = torch.rand(1, 3, 50, 64)

    def larger(maps, factor):
        return F.interpolate(maps, scale_factor=factor, mode="bilinear")

    with torch.no_grad():
        maps = model.backbone(F.pad(image, (0, 0, 0, 14), mode="replicate"))
        one, two, three = (
            head(maps[stride])
            for head, stride in zip(model.decoder.heads, (32, 16, 8), strict=True)
        )
        by_hand = larger(larger(larger(one, 2) + two, 2) + three, 8)[..., :50, :]
        assert torch.allclose(model(image), by_hand, atol=1e-5)
    scores = model.scores(image)
    assert list(scores) == [32, 16, 8]
    for ours, expected in zip(scores.values(), (one, two, three), strict=True):
        assert torch.allclose(ours, expected, atol=1e-6)


def test_ladder_says_why_it_cannot_train_on_one_small_picture():
    model = FCNLadder(num_classes=2, pretrained=False)
    with pytest.raises(ValueError, match=r"map is 1 x 1: .* at least two pictures, or larger"):
        model(torch.rand(1, 3, 32, 32))
    model(torch.rand(1, 3, 33, 32)).mean().backward()


def test_frozen_backbone_stays_as_it_is():
    model = FCNLadder(num_classes=3, pretrained=False)
    before = {key: value.clone() for key, value in model.backbone.state_dict().items()}
    model.train()
    scores = model(torch.rand(2, 3, 64, 64))
    scores.mean().backward()
    assert all(weight.grad is None for weight in model.backbone.parameters())
    assert all(weight.grad is not None for weight in model.decoder.parameters())
    assert all(torch.equal(value, before[k]) for k, value in model.backbone.state_dict().items())
    thawed = FCNLadder(num_classes=3, pretrained=False, frozen=False)
    assert thawed.backbone.training
    assert not thawed.eval().backbone.training


@pytest.mark.parametrize(
    ("network", "settings", "words"),
    [
        (FCN, {"finest_stride": 4}, "Use one of 32, 16, 8"),
        (FCN, {"num_classes": 0}, "num_classes"),
        (FCN, {"upsampling": "bilinear"}, "Use one of 'fixed', 'intermediate', 'learned'"),
        (FCN, {"at_once": 1}, "at_once"),
        (FCN, {"grouped": "yes"}, "grouped"),
        (FCN, {"pretrained": True, "width": 8}, "width=8"),
        (FCN, {"in_channels": "3"}, "in_channels"),
        (FCNLadder, {"finest_stride": 2}, "Use one of 32, 16, 8, 4"),
        (FCNLadder, {"in_channels": 1}, "must be 3"),
        (FCNLadder, {"num_classes": 1.5}, "num_classes"),
    ],
)
def test_illegal_networks(network, settings, words):
    with torch.device("meta"), pytest.raises((ValueError, TypeError), match=words):
        network(**settings)
