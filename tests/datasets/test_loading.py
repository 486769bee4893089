"""load: which source it takes and says so, how real files become samples, and wrong arguments."""

import io
import pickle

import numpy as np
import pytest
import requests
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segviz.datasets import DatasetUnavailable, load, loading
from segviz.datasets.camvid import CLASSES
from segviz.datasets.loader import Labelled

NAMES = {
    "camvid": ("train", "val", "test"),
    "em_isbi2012": ("train", "test"),
    "em_vnc": ("train", "test"),
    "nuclei_dsb2018": ("train", "test"),
}
SPLITS = [(name, split) for name, splits in NAMES.items() for split in splits]
COUNTS = dict(zip(SPLITS, (92, 21, 42, 18, 6, 6, 2, 30, 10), strict=True))


def png(array):
    stream = io.BytesIO()
    Image.fromarray(np.asarray(array, dtype=np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def tif(array):
    stream = io.BytesIO()
    Image.fromarray(np.asarray(array, dtype=np.uint8)).save(stream, "TIFF")
    return stream.getvalue()


def ramp(*shape):
    return np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)


# --- stand-ins


@pytest.mark.parametrize(("name", "split"), SPLITS)
def test_a_stand_in_has_the_form_of_the_real_set(name, split, capsys):
    samples = load(name, split=split, source="bundled", size=(48, 64))
    assert capsys.readouterr().out == (
        f'{name}: stand-in pictures, drawn by segviz (source="bundled")\n'
    )
    assert samples.source == "stand-in"
    assert len(samples) == COUNTS[name, split]
    one = samples[-1]
    assert one.image.shape == (1 if name.startswith("em") else 3, 48, 64)
    assert one.image.is_contiguous()
    assert 0 <= one.image.min() < one.image.max() <= 1
    assert set(one.mask.unique().tolist()) <= {*range(len(samples.classes)), 255}
    assert (one.instances is None) == (name in ("camvid", "em_vnc"))
    assert samples.palette.shape == (len(samples.classes), 3)


def test_a_stand_in_is_the_same_each_time_and_differs_between_pictures_and_splits():
    first, again = (load("camvid", source="bundled", size=64)[3] for _ in range(2))
    loading._drawn.cache_clear()
    redrawn = load("camvid", source="bundled", size=64)[3]
    assert torch.equal(first.image, again.image)
    assert torch.equal(first.image, redrawn.image)
    assert torch.equal(first.mask, redrawn.mask)
    val = load("camvid", split="val", source="bundled", size=64)
    assert not torch.equal(first.image, val[3].image)
    assert not torch.equal(val[3].image, val[4].image)


def test_two_sets_do_not_share_their_stand_ins():
    one, other = (load(n, source="bundled", size=64)[0] for n in ("em_isbi2012", "em_vnc"))
    assert not torch.equal(one.mask, other.mask)


def test_a_picture_changed_in_place_is_whole_the_next_time():
    samples = load("nuclei_dsb2018", source="bundled", size=64)
    untouched = samples[0].image.clone()
    spoilt = samples[0]
    spoilt.image.zero_()
    spoilt.mask.zero_()
    spoilt.instances.zero_()
    assert torch.equal(samples[0].image, untouched)
    assert samples[0].instances.max() > 0


def test_stand_ins_have_the_size_of_the_real_pictures():
    assert load("camvid", source="bundled")[0].size == (360, 480)
    assert load("em_isbi2012", source="bundled")[0].size == (512, 512)
    assert load("nuclei_dsb2018", source="bundled")[0].size == (256, 256)


# --- which source


@pytest.mark.parametrize("source", ["auto", "real", "bundled"])
def test_the_environment_variable_wins(source, monkeypatch, capsys):
    monkeypatch.setenv("SEGVIZ_SOURCE", "bundled")
    assert load("camvid", source=source).source == "stand-in"
    assert "(SEGVIZ_SOURCE=bundled)" in capsys.readouterr().out


def test_a_wrong_environment_variable_is_said(monkeypatch):
    monkeypatch.setenv("SEGVIZ_SOURCE", "bundle")
    with pytest.raises(ValueError, match=r"SEGVIZ_SOURCE='bundle' is none of ours. Use bundled"):
        load("camvid")


def test_without_a_network_auto_takes_the_stand_in_with_one_line(cache, monkeypatch, capsys):
    def head(*_, **__):
        raise requests.ConnectionError

    monkeypatch.setattr(requests, "head", head)
    samples = load("camvid")
    assert samples.source == "stand-in"
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("camvid: stand-in pictures, drawn by segviz because raw.github")
    assert "Is there a network?" in line
    with pytest.raises(DatasetUnavailable, match="Home page of the set"):
        load("camvid", source="real")
    assert not cache.exists()


def test_a_wrong_local_folder_leads_to_the_stand_in_with_one_line(cache, monkeypatch, capsys):
    monkeypatch.setenv("SEGVIZ_DATA", "no/such/folder")
    assert load("camvid").source == "stand-in"
    assert "SEGVIZ_DATA=no/such/folder is no folder" in capsys.readouterr().out


# --- real files, made by hand and served from this machine


@pytest.fixture
def camvid(register):
    label = np.array([[0, 10, 11] * 16] * 40)
    files = {
        "camvid/CamVid/train/b.png": png(ramp(40, 48, 3)),
        "camvid/CamVid/trainannot/b.png": png(label),
        "camvid/CamVid/train/a.png": png(ramp(40, 48, 3)[::-1]),
        "camvid/CamVid/trainannot/a.png": png(label),
        "camvid/CamVid/val/c.png": png(ramp(40, 48, 3)),
        "camvid/CamVid/valannot/c.png": png(label),
    }
    register("camvid", files, licence="Ours alone.", stand_in="streets")
    return files


def test_auto_downloads_the_split_after_showing_the_licence(camvid, server, capsys):
    samples = load("camvid")
    assert samples.source == "real"
    assert "Licence: Ours alone." in capsys.readouterr().out
    knock, *asked = server.asked
    assert knock.startswith("HEAD")
    assert sorted(asked) == sorted(f"/{path}" for path in camvid if "train" in path)
    assert [one.name for one in samples] == ["a", "b"]
    load("camvid")
    assert capsys.readouterr().out == ""
    assert samples.about.licence == "Ours alone."


def test_camvid_values_become_fractions_and_unlabelled_becomes_void(camvid):
    one = load("camvid", source="real")[1]
    assert torch.equal(one.image[2, 0, :3] * 255, torch.tensor([2.0, 5.0, 8.0]))
    assert one.image.is_contiguous()
    assert one.mask[0, :6].tolist() == [0, 10, 255, 0, 10, 255]
    assert one.mask.dtype is torch.int64


def test_a_picture_that_rots_after_loading_is_not_shown(camvid, cache):
    samples = load("camvid", source="real")
    path = cache / "camvid/CamVid/train/a.png"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(DatasetUnavailable, match=r"a\.png is damaged.*segviz data fetch camvid"):
        samples[0]


def test_a_failed_download_leads_to_the_stand_in(camvid, server, snapshot, capsys):
    server.faults = {f"/{path}": ["web_page"] for path in camvid}
    samples = load("camvid")
    assert samples.source == "stand-in"
    assert len(samples) == 2
    assert "web page instead of the file" in capsys.readouterr().out.splitlines()[-1]
    assert snapshot() is None


def test_real_samples_reach_a_worker_process(camvid):
    samples = pickle.loads(pickle.dumps(load("camvid", source="real")))
    assert samples[0].name == "a"


def test_nuclei_drop_alpha_and_are_numbered_in_file_order(register):
    folder = "nuclei_dsb2018/stage1_train/0001"
    picture = np.concatenate([ramp(40, 40, 3), np.full((40, 40, 1), 255)], axis=2)
    left, right = np.zeros((2, 40, 40))
    left[:, :4], right[:, 6:8] = 255, 255
    files = {
        f"{folder}/masks/f.png": png(right),
        f"{folder}/masks/0.png": png(left),
        f"{folder}/images/0001.png": png(picture),
    }
    register("nuclei_dsb2018", files)
    [one] = load("nuclei_dsb2018", source="real")
    assert torch.equal((one.image * 255).byte(), torch.from_numpy(ramp(40, 40, 3)).permute(2, 0, 1))
    assert one.instances[0, :10].tolist() == [1, 1, 1, 1, 0, 0, 2, 2, 0, 0]
    assert one.instances.dtype is torch.int32
    assert torch.equal(one.mask, (one.instances > 0).long())


def test_a_first_load_of_nuclei_takes_a_handful_and_says_so(register, server, capsys):
    files = {
        f"nuclei_dsb2018/stage1_train/{n}/{kind}/{n}.png": png(
            ramp(40, 40, 4) if kind == "images" else ramp(40, 40)
        )
        for n in ("00aa", "00bb")
        for kind in ("images", "masks")
    }
    register("nuclei_dsb2018", files, first=["stage1_train/00bb/"])
    assert [one.name for one in load("nuclei_dsb2018")] == ["00bb"]
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("nuclei_dsb2018: 1 of the 2 pictures of this split, for a start")
    assert "`segviz data fetch nuclei_dsb2018 --all`" in first
    assert not any("00aa" in path for path in server.asked if path.startswith("/"))


def test_isbi_slices_come_in_the_order_of_the_stack(register):
    folder = "em_isbi2012/data/membrane/train"
    label = np.full((40, 40), 255)
    label[:, 20] = 0
    files = {f"{folder}/image/{n}.png": png(np.full((40, 40), n)) for n in range(24)}
    files |= {f"{folder}/label/{n}.png": png(label) for n in range(24)}
    register("em_isbi2012", files)
    samples = load("em_isbi2012", source="real")
    assert [round(float(one.image.max()) * 255) for one in samples] == list(range(18))
    assert samples[0].mask[0, 19:22].tolist() == [0, 1, 0]
    assert samples[0].instances[0, 19:22].tolist() == [1, 0, 2]
    assert samples.spacing == (50.0, 4.0, 4.0)
    assert samples.spacing_unit == "nm"


def test_vnc_codes_up_to_128_are_membrane(register):
    codes = np.array([[0, 32, 64, 96, 128, 159, 191, 223, 255, 255] * 4] * 40)
    folder = "em_vnc/stack1"
    files = {f"{folder}/raw/{n:02d}.tif": tif(ramp(40, 40)) for n in range(8)}
    files |= {f"{folder}/labels/labels{n:08d}.png": png(codes) for n in range(8)}
    register("em_vnc", files)
    samples = load("em_vnc", split="test", source="real")
    assert [one.name for one in samples] == ["06", "07"]
    assert samples[0].mask[0, :10].tolist() == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert samples[0].extras["codes"][0, :9].tolist() == codes[0, :9].tolist()


def test_real_pictures_are_resized_and_labels_are_picked_never_mixed(camvid):
    one = load("camvid", source="real", size=(80, 96))[1]
    assert one.size == (80, 96)
    assert one.mask[0, :12].tolist() == [0, 0, 10, 10, 255, 255] * 2
    whole = load("camvid", source="real")[1]
    assert abs(float(one.image.mean() - whole.image.mean())) < 0.01


def test_spacing_grows_as_a_picture_shrinks():
    loader = loading._loader("em_isbi2012")
    assert loading._spacing(loader, (256, 128)) == (50.0, 8.0, 16.0)
    assert loading._spacing(loader, None) == (50.0, 4.0, 4.0)


@given(st.integers(1, 40), st.integers(1, 40))
@settings(deadline=None)
def test_resizing_invents_no_label_and_no_brightness(height, width):
    mask = np.array([[0, 3, 255], [7, 7, 0]], dtype=np.uint8)
    stored = Labelled(mask[..., None].repeat(3, 2), mask, mask.astype(np.int32), {"codes": mask})
    small = stored.resized((height, width))
    assert small.image.shape == (height, width, 3)
    for labels in (small.mask, small.instances, small.extras["codes"]):
        assert labels.shape == (height, width)
        assert set(np.unique(labels)) <= {0, 3, 7, 255}
    assert np.array_equal(small.mask, small.instances)


# --- wrong arguments


def test_a_set_that_can_only_be_fetched():
    with pytest.raises(ValueError, match="glas can be fetched, but load does not read it yet"):
        load("glas")


def test_close_names_are_offered():
    with pytest.raises(ValueError, match=r"name='camvit' is none of ours. Use camvid\."):
        load("camvit")
    with pytest.raises(ValueError, match=r"split='vall' is none of ours. Use val\."):
        load("camvid", split="vall")
    with pytest.raises(ValueError, match=r"split='val' is none of ours. Use train or test\."):
        load("em_vnc", split="val")


anything = st.one_of(
    st.none(), st.text(), st.integers(), st.floats(), st.binary(), st.lists(st.integers())
)
sizes = st.one_of(
    st.text(),
    st.floats(),
    st.lists(st.one_of(st.floats(), st.none()), max_size=3),
    st.lists(st.integers(), min_size=3),
    st.tuples(st.integers(max_value=31), st.integers()),
    st.tuples(st.integers(32), st.integers(8193)),
    st.integers(max_value=31),
    st.booleans(),
)


@given(anything)
def test_whatever_the_name_is(name):
    with pytest.raises((TypeError, ValueError), match="Use"):
        load(name)


@given(anything)
def test_whatever_split_and_source_are(value):
    for argument in ("split", "source"):
        with pytest.raises((TypeError, ValueError), match=f"{argument}=.* Use"):
            load("camvid", **{"source": "bundled", argument: value})


@given(sizes)
def test_whatever_the_size_is(size):
    with pytest.raises((TypeError, ValueError), match=r"^size.*\.$"):
        load("camvid", source="bundled", size=size)


def test_camvid_classes_are_segnets():
    assert len(CLASSES) == 11
    assert CLASSES[8] == "car"
