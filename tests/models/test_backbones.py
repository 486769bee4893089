"""EfficientNet-Lite0: the shapes, the weights of the package, and what they see in pictures."""

import pytest
import torch
import torch.nn.functional as F
from skimage import data

from segviz.models import EfficientNetLite0, backbones

CATS = {281, 282, 283, 284, 285}  # tabby, tiger, Persian, Siamese, Egyptian
COFFEE = {967, 968, 504, 925}  # espresso, cup, coffee mug, consommé


@pytest.fixture(scope="module")
def classifier():
    return EfficientNetLite0(classifier=True).eval()


def picture(array):
    image = torch.from_numpy(array.copy()).permute(2, 0, 1)[None].float() / 255
    return F.interpolate(image, size=(224, 224), mode="bilinear", antialias=True)


@pytest.mark.parametrize(
    ("name", "classes"), [("chelsea", CATS), ("coffee", COFFEE)], ids=["cat", "cup"]
)
def test_it_knows_what_it_sees(classifier, name, classes):
    image = getattr(data, name)()
    side = min(image.shape[:2])
    left = (image.shape[1] - side) // 2
    with torch.no_grad():
        probabilities = classifier.logits(picture(image[:, left : left + side])).softmax(1)[0]
    best = probabilities.topk(5)
    assert best.indices[0].item() in classes
    assert sum(probabilities[list(classes)]) > 0.75


def test_number_of_weights():
    backbone = EfficientNetLite0(pretrained=False, classifier=True)
    # 4.652 million, as the authors' release says.
    assert sum(weight.numel() for weight in backbone.parameters()) == 4_652_008


@pytest.mark.parametrize(
    ("output_stride", "channels"),
    [
        (32, {2: 16, 4: 24, 8: 40, 16: 112, 32: 320}),
        (16, {2: 16, 4: 24, 8: 40, 16: 320}),
        (8, {2: 16, 4: 24, 8: 320}),
    ],
)
def test_strides_and_channels(output_stride, channels):
    backbone = EfficientNetLite0(output_stride=output_stride, pretrained=False).eval()
    maps = backbone(torch.rand(1, 3, 64, 96))
    assert backbone.channels == channels
    shapes = {stride: tuple(m.shape) for stride, m in maps.items()}
    assert shapes == {s: (1, c, 64 // s, 96 // s) for s, c in channels.items()}


@pytest.mark.parametrize("output_stride", [16, 8])
def test_dilation_keeps_the_values_at_the_old_positions(output_stride):
    image = torch.rand((1, 3, 96, 128), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        sparse = EfficientNetLite0().eval()(image)[32]
        dense = EfficientNetLite0(output_stride=output_stride).eval()(image)[output_stride]
    ratio = 32 // output_stride
    # An odd padding puts its extra row at the end, so a stride keeps the last of each block.
    kept = dense[..., ratio - 1 :: ratio, ratio - 1 :: ratio]
    assert torch.allclose(kept, sparse, rtol=1e-4, atol=1e-4)


def test_every_weight_of_the_package_is_used(classifier):
    assert set(backbones._pretrained_weights()) == set(classifier.state_dict())


def test_damaged_or_missing_weights(monkeypatch):
    monkeypatch.setattr(backbones, "_weights_file", lambda: b"<html>not found</html>")
    with pytest.raises(ValueError, match="damaged or of another version"):
        EfficientNetLite0()
    monkeypatch.undo()
    monkeypatch.setattr(backbones, "PACKAGE", "no-such-package")
    with pytest.raises(ValueError, match=r"not installed.*pretrained=False"):
        EfficientNetLite0()


@pytest.mark.parametrize("output_stride", [4, 64, "32", None])
def test_illegal_output_strides(output_stride):
    with pytest.raises(ValueError, match="output_stride"):
        EfficientNetLite0(output_stride=output_stride)


def test_illegal_pictures():
    backbone = EfficientNetLite0(pretrained=False)
    with pytest.raises(ValueError, match=r"Repeat the grey channel"):
        backbone(torch.zeros(1, 1, 32, 32))
    with pytest.raises(TypeError, match=r"float\(\) / 255"):
        backbone(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))
    with pytest.raises(ValueError, match="classifier=True"):
        backbone.logits(torch.zeros(1, 3, 32, 32))
