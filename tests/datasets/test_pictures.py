"""One picture in, one (3, H, W) tensor out, whatever the file is like."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from segviz.datasets.pictures import bundled_pictures, picture


def test_a_colour_picture_keeps_its_values(tmp_path):
    values = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 14
    Image.fromarray(values).save(tmp_path / "own.png")
    tensor = picture(tmp_path / "own.png")
    assert tensor.dtype == torch.float32
    assert torch.equal(
        (tensor * 255).round().to(torch.uint8).permute(1, 2, 0), torch.from_numpy(values)
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_grey_pictures_get_three_equal_channels_and_full_range(tmp_path, dtype):
    top = np.iinfo(dtype).max
    Image.fromarray(np.array([[0, top // 2, top]], dtype=dtype)).save(tmp_path / "grey.png")
    tensor = picture(tmp_path / "grey.png")
    assert torch.equal(tensor[0], tensor[1])
    assert torch.equal(tensor[0], tensor[2])
    np.testing.assert_allclose(tensor[0, 0].numpy(), [0, 0.5, 1], atol=0.003)


def test_transparent_pixels_are_laid_on_white(tmp_path):
    Image.fromarray(np.array([[[10, 20, 30, 0], [10, 20, 30, 255]]], np.uint8)).save(
        tmp_path / "a.png"
    )
    tensor = (picture(tmp_path / "a.png") * 255).round()
    assert tensor[:, 0, 0].tolist() == [255, 255, 255]
    assert tensor[:, 0, 1].tolist() == [10, 20, 30]


def test_a_phone_picture_is_turned_upright(tmp_path):
    image = Image.fromarray(np.zeros((4, 6, 3), np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6  # "rotate by 90 degrees to view"
    image.save(tmp_path / "phone.jpg", exif=exif)
    assert picture(tmp_path / "phone.jpg").shape == (3, 6, 4)


def test_size_cuts_around_the_centre_before_it_resizes(tmp_path):
    values = np.zeros((10, 30, 3), np.uint8)
    values[:, 10:20] = 255
    Image.fromarray(values).save(tmp_path / "wide.png")
    assert picture(tmp_path / "wide.png", size=(10, 10)).min() == 1


def test_every_bundled_picture_opens():
    assert {"chelsea", "coffee", "coins", "cell", "camera"} <= set(bundled_pictures())
    for name in bundled_pictures():
        tensor = picture(name)
        assert tensor.shape[0] == 3
        assert 0 <= tensor.min() < tensor.max() <= 1


@pytest.mark.parametrize("name", ["no such picture", "", "../", "."])
def test_an_unknown_name_lists_what_there_is(name):
    with pytest.raises(ValueError, match="chelsea"):
        picture(name)


def test_a_file_beside_the_notebook_that_was_probably_meant_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save("IMG 1234.JPG")
    assert picture("IMG 1234.JPG").shape == (3, 4, 4)
    for typed, meant in [("img 1234.jpg", "IMG 1234.JPG"), ("IMG 1243.JPG", "IMG 1234.JPG")]:
        if not (tmp_path / typed).exists():  # some file systems don't tell "a" from "A"
            with pytest.raises(ValueError, match=f"Do you mean '{meant}'"):
                picture(typed)
    with pytest.raises(ValueError, match="Do you mean 'chelsea'"):
        picture("chelsae")
    with pytest.raises(ValueError, match=r"bundled ones\. Upload your file"):
        picture("holiday.png")


@pytest.mark.parametrize("keep", [0, 20, 200])
def test_a_broken_file_says_so(tmp_path, keep):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)).save(
        tmp_path / "x.png"
    )
    (tmp_path / "cut.png").write_bytes((tmp_path / "x.png").read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"cut\.png .*Save it"):
        picture(tmp_path / "cut.png")


@given(
    size=st.one_of(
        st.integers(),
        st.tuples(st.integers(max_value=0), st.integers()),
        st.text(),
        st.tuples(st.floats(), st.floats()),
        st.lists(st.booleans()),
    )
)
def test_an_illegal_size_is_named(size):
    with pytest.raises(ValueError, match="height, width"):
        picture("coins", size=size)


@given(source=st.one_of(st.none(), st.integers(), st.binary(), st.lists(st.text())))
def test_a_source_that_is_no_name_is_named(source):
    with pytest.raises(TypeError, match="file path"):
        picture(source)
