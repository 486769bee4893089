"""Sample and Samples: shapes, dtypes, slices, and what they say about a wrong argument."""

import functools
import pickle
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from segviz.datasets import About, Sample, Samples


def sample(i):
    mask = torch.full((2, 3), i, dtype=torch.int64)
    return Sample(f"picture-{i}", torch.full((1, 2, 3), i / 10), mask)


def ten():
    readers = [functools.partial(sample, i) for i in range(10)]
    palette = np.zeros((2, 3), np.uint8)
    return Samples(readers, name="demo", classes=("a", "b"), palette=palette)


def names(samples):
    return [one.name for one in samples]


def test_a_sample_knows_its_size_and_labels():
    one = Sample(
        "volume",
        torch.zeros(1, 4, 5, 6),
        instances=torch.zeros(4, 5, 6, dtype=torch.int32),
        extras={"codes": torch.zeros(4, 5, 6, dtype=torch.uint8)},
    )
    assert one.size == (4, 5, 6)
    assert list(one.labels()) == ["instances", "codes"]
    assert repr(one) == (
        "Sample('volume', image 1 x 4 x 5 x 6, instances 4 x 5 x 6, codes 4 x 5 x 6)"
    )


def test_reprs_carry_no_address():
    assert "0x" not in repr(sample(0)) + repr(ten())
    assert repr(ten()) == ("Samples('demo', split='train', source='real', 10 pictures, 2 classes)")


@given(st.integers(-10, 9))
def test_an_index_is_that_of_a_list(index):
    assert ten()[index].name == list(ten())[index].name
    assert ten()[np.int64(index)].name == ten()[index].name


@given(st.slices(10))
def test_a_slice_is_that_of_a_list(cut):
    part = ten()[cut]
    assert isinstance(part, Samples)
    assert names(part) == names(list(ten())[cut])
    assert part.classes == ("a", "b")


def test_a_subset_keeps_the_order_asked_for():
    assert names(ten().subset([7, -1, 7])) == ["picture-7", "picture-9", "picture-7"]
    assert names(ten().subset(torch.tensor([2, 1]))) == ["picture-2", "picture-1"]


def test_nothing_is_read_before_it_is_asked_for():
    read = []
    samples = Samples([lambda: read.append("read") or sample(0)] * 3, name="demo")[1:]
    assert read == []
    samples[0]
    assert read == ["read"]


def test_an_index_error_out_of_a_reader_does_not_pass_for_the_end():
    samples = Samples([lambda: [][0]], name="demo")
    with pytest.raises(IndexError):
        list(samples)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_torch_dataloader_can_use_them(workers):
    loader = (
        DataLoader(
            ten(),
            batch_size=4,
            num_workers=workers,
            collate_fn=list,
            multiprocessing_context="spawn",
        )
        if workers
        else DataLoader(ten(), batch_size=4, collate_fn=list)
    )
    batches = list(loader)
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert [name for batch in batches for name in names(batch)] == names(ten())


def test_they_can_be_pickled():
    assert names(pickle.loads(pickle.dumps(ten()))) == names(ten())


def test_about_reads_as_four_lines():
    text = str(About("Streets", "CC0", "Curie 1903", "https://example.org"))
    assert text.splitlines() == [
        "Streets",
        "Licence: CC0",
        "Cite: Curie 1903",
        "Home page: https://example.org",
    ]


def test_an_index_beyond_the_end_names_the_last_one():
    with pytest.raises(IndexError, match=re.escape("samples[10]: demo (train) has 10 pictures")):
        ten()[10]
    with pytest.raises(IndexError, match="Use 0 to 9"):
        ten().subset([0, -11])


@given(st.one_of(st.text(), st.floats(), st.none(), st.tuples(st.integers()), st.binary()))
def test_an_index_that_is_no_int(index):
    with pytest.raises(TypeError, match="must be an int or a slice"):
        ten()[index]


@pytest.mark.parametrize("cut", [slice("a"), slice(0, 1.5), slice(None, None, 0)])
def test_a_slice_that_is_not_made_of_ints(cut):
    with pytest.raises(TypeError, match="a slice is made of ints"):
        ten()[cut]


@pytest.mark.parametrize("indices", [5, None, "12", [0.5], [None]])
def test_a_subset_of_no_ints(indices):
    with pytest.raises(TypeError, match="Use"):
        ten().subset(indices)


tensors = st.builds(
    lambda shape, dtype: torch.zeros(shape, dtype=dtype),
    st.lists(st.integers(0, 3), max_size=5),
    st.sampled_from([torch.float32, torch.float64, torch.int64, torch.int32, torch.bool]),
)
anything = st.one_of(tensors, st.none(), st.text(), st.integers(), st.just(np.zeros((1, 2, 3))))


@given(anything, anything, anything, st.one_of(st.text(), st.integers()), anything)
def test_whatever_a_sample_is_made_of(image, mask, instances, name, extra):
    error, made = outcome(lambda: Sample(name, image, mask, instances, {"extra": extra}))
    if error:
        assert isinstance(error, TypeError | ValueError)
        assert len(str(error).splitlines()) == 1
        assert str(error)[-1] == "."
    else:
        assert made.image.dtype is torch.float32
        assert all(label.shape == made.image.shape[1:] for label in made.labels().values())


def outcome(make):
    try:
        return None, make()
    except Exception as error:
        return error, None


@given(anything)
def test_whatever_extras_are(extras):
    with pytest.raises(TypeError, match="a dict of tensors"):
        Sample("a", torch.zeros(1, 2, 3), extras=extras)


@given(st.one_of(anything, st.lists(anything, min_size=1)))
def test_whatever_readers_are(readers):
    if isinstance(readers, str) and not readers:
        return  # an empty sequence of readers is a sequence without pictures
    with pytest.raises(TypeError, match="list of functions"):
        Samples(readers, name="demo")


def test_a_palette_of_another_length():
    with pytest.raises(ValueError, match=re.escape("palette of shape (3, 3) must be (1, 3)")):
        Samples([], name="demo", classes=("a",), palette=np.zeros((3, 3), np.uint8))
