"""Look-up order, checks of every byte, and what the command line asks the registry."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segviz.datasets import catalogue, disk, registry
from segviz.datasets.catalogue import DatasetUnavailable

FILES = {"demo/a.bin": b"first file", "demo/b.bin": b"second file"}
PINNED = catalogue.all_sets()


@pytest.fixture
def local(tmp_path, monkeypatch, register):
    """The demo set in a local folder."""
    register("demo", FILES)
    folder = tmp_path / "own"
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    monkeypatch.setenv("SEGVIZ_DATA", str(folder))
    return folder


def test_the_registry_pins_every_file_of_every_set():
    files = [file for entry in PINNED.values() for file in entry.files.values()]
    assert len(PINNED) == 15
    assert len(files) == 1892
    assert len({file.path for file in files}) == 1892
    for file in files:
        assert file.path.split("/")[0] in PINNED
        assert len(bytes.fromhex(file.sha256)) == 32
        assert file.bytes > 0
        # A commit of 40 hex digits stands in every URL: what it names cannot change.
        commit = file.url.split("/")[5]
        assert len(bytes.fromhex(commit)) == 20
        assert file.url.endswith(file.path.split("/", 1)[1])


def test_every_set_is_described():
    for entry in PINNED.values():
        assert entry.title
        assert entry.licence
        assert entry.citation
        assert entry.homepage.startswith("http")
        assert 0 < len(entry.licence_in_short) < 60
    assert {name for name, entry in PINNED.items() if entry.restricted} == {"dic_hela", "phc_u373"}


def test_stand_ins_named_in_the_registry_exist():
    from segviz.datasets import synthetic

    named = {entry.stand_in for entry in PINNED.values()} - {""}
    assert named == {"streets", "membranes", "touching_nuclei", "volumes"}
    assert all(callable(getattr(synthetic, name)) for name in named)


def test_a_first_fetch_of_many_small_files_is_a_handful():
    nuclei = PINNED["nuclei_dsb2018"]
    assert len(nuclei.first_fetch()) == 99
    assert len(nuclei.files) == 889
    assert len(PINNED["camvid"].first_fetch()) == 310


def test_registry_and_its_data_are_read_without_torch():
    code = "import sys; from segviz.datasets import registry; registry.list_sets(); "
    code += "print({'torch', 'matplotlib', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("set()\n", "")


@given(st.text())
def test_unknown_sets_are_answered_in_the_house_style(name):
    if name in PINNED:
        return
    for function in (registry.where, registry.verify, registry.fetch):
        with pytest.raises(ValueError, match="There is no set"):
            function(name)


@pytest.mark.parametrize("name", [None, 3, b"camvid", ["camvid"]])
def test_a_name_that_is_no_str(name):
    for function in (registry.where, registry.verify, registry.fetch):
        with pytest.raises(TypeError, match="named by a str"):
            function(name)


def test_a_slip_of_the_pen_is_understood():
    with pytest.raises(ValueError, match=r"no set 'camvit'. Did you mean camvid\?"):
        registry.fetch("camvit")


def test_the_local_folder_comes_first_and_nothing_is_downloaded(local, server, cache):
    assert registry.fetch("demo").present == 2
    assert server.asked == []
    status = registry.where("demo")
    assert (status.local, status.cached, status.missing) == (2, 0, 0)
    assert status.folders.local == local.resolve()
    assert not cache.exists()


def test_a_local_folder_with_a_part_of_the_set_is_filled_up_from_the_cache(local, server, cache):
    (local / "demo/b.bin").unlink()
    assert registry.fetch("demo", progress=False).downloaded == 1
    assert server.asked == ["/demo/b.bin"]
    status = registry.where("demo")
    assert (status.local, status.cached, status.missing) == (1, 1, 0)
    assert not (local / "demo/b.bin").exists()


def test_a_damaged_local_file_is_named_and_left_alone(local, server):
    (local / "demo/a.bin").write_bytes(b"First file")  # the same size
    for look in (lambda: registry.fetch("demo"), lambda: read("demo/a.bin")):
        with pytest.raises(DatasetUnavailable, match=r"a\.bin is damaged.*Copy it again"):
            look()
    assert (local / "demo/a.bin").read_bytes() == b"First file"
    assert server.asked == []
    checked = registry.verify("demo")
    assert [path.name for path in checked.damaged] == ["a.bin"]
    assert [path.name for path in checked.good] == ["b.bin"]


def read(path):
    entry = catalogue.dataset("demo")
    return disk.read(entry, entry.files[path])


def test_bytes_are_checked_each_time_they_are_read(local):
    assert read("demo/a.bin") == b"first file"
    before = os.stat(local / "demo/a.bin")
    (local / "demo/a.bin").write_bytes(b"First file")
    os.utime(local / "demo/a.bin", ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DatasetUnavailable, match="damaged"):
        read("demo/a.bin")
    assert registry.verify("demo").damaged


def test_a_file_that_has_gone_since(local):
    (local / "demo/a.bin").unlink()
    with pytest.raises(DatasetUnavailable, match=r"on disk no more. Run `segviz data fetch demo`"):
        read("demo/a.bin")
    assert registry.verify("demo").missing == ("demo/a.bin",)


def test_a_folder_in_the_place_of_a_local_file(local):
    (local / "demo/a.bin").unlink()
    (local / "demo/a.bin").mkdir()
    for look in (lambda: registry.fetch("demo"), lambda: read("demo/a.bin")):
        with pytest.raises(DatasetUnavailable, match=r"a.bin"):
            look()
    assert len(registry.verify("demo").damaged) == 1


def test_a_wrong_local_folder_is_said(register, monkeypatch):
    register("demo", FILES)
    monkeypatch.setenv("SEGVIZ_DATA", "no/such/folder")
    with pytest.raises(ValueError, match="SEGVIZ_DATA=no/such/folder is no folder"):
        registry.where("demo")
    with pytest.raises(DatasetUnavailable, match="SEGVIZ_DATA=no/such/folder is no folder"):
        registry.obtain("demo", FILES)


def test_a_relative_local_folder_means_the_same_below_the_repository(local, tmp_path, monkeypatch):
    # course_data() is tmp_path / "course_data" here, so the repository's root is tmp_path.
    (tmp_path / "lectures").mkdir()
    monkeypatch.chdir(tmp_path / "lectures")
    monkeypatch.setenv("SEGVIZ_DATA", "own")
    monkeypatch.setattr(disk, "course_data", catalogue.course_data)
    assert registry.where("demo").local == 2


def test_a_home_in_the_cache_folder_is_understood(monkeypatch):
    monkeypatch.setenv("SEGVIZ_CACHE", "~/pictures")
    assert registry.cache_folder() == disk.Path.home() / "pictures"
    monkeypatch.delenv("SEGVIZ_CACHE")
    assert "segviz" in str(registry.cache_folder())


def test_a_restricted_set_is_fetched_by_name_only(register, server):
    register("demo", FILES, restricted=True)
    with pytest.raises(DatasetUnavailable, match=r"your own decision.*segviz data fetch demo"):
        registry.obtain("demo", FILES)
    assert server.asked == []
    assert registry.fetch("demo", progress=False).downloaded == 2


def test_the_rest_of_a_handful_is_fetched_on_demand(register):
    register("demo", FILES, first=["a"])
    first = registry.fetch("demo", progress=False)
    assert (first.downloaded, first.present, first.left_out) == (1, 0, 1)
    rest = registry.fetch("demo", everything=True, progress=False)
    assert (rest.downloaded, rest.present, rest.left_out) == (1, 1, 0)


def test_an_installation_without_its_data_says_so(tmp_path, monkeypatch):
    module = tmp_path / "segviz" / "datasets" / "catalogue.py"
    monkeypatch.setattr(catalogue, "__file__", str(module))
    with pytest.raises(DatasetUnavailable, match="install segviz again"):
        catalogue.course_data()
    (tmp_path / "segviz" / "_data").mkdir(parents=True)
    (tmp_path / "segviz" / "_data" / "registry.tsv").write_text("")
    assert catalogue.course_data() == (tmp_path / "segviz" / "_data")


def test_the_error_survives_a_worker_process():
    import pickle

    error = PINNED["camvid"].unavailable("no network.")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert copy.reason == "no network."
    assert "synthetic.streets" in str(copy)
