"""Whatever comes in, a public function of ops returns numbers or explains itself."""

import copy
import inspect
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segviz import ops
from segviz.ops.encoder_decoder import UNetSizes

STEPS = {"stride": 2, "padding": 1, "dilation": 1}
LINE, PICTURE = np.arange(6.0), np.arange(30.0).reshape(5, 6)
POOLING = {"kernel_size": 2, "stride": 2, "padding": 1}

# One legal call of every public function, with every argument written out.
LEGAL = {
    "avg_pool1d": {"x": LINE, **POOLING, "ceil_mode": True, "count_include_pad": False},
    "avg_pool2d": {"x": PICTURE, **POOLING, "ceil_mode": True, "count_include_pad": False},
    "bed_of_nails": {"x": PICTURE, "scale_factor": 2, "output_size": (9, 12)},
    "bilinear_kernel": {"kernel_size": 4},
    "conv1d": {"x": LINE, "kernel": LINE[:3], **STEPS},
    "conv2d": {"x": PICTURE, "kernel": PICTURE[:3, :2], **STEPS},
    "conv_output_size": {"input_size": 6, "kernel_size": 3, **STEPS},
    "conv_transpose1d": {"x": LINE, "kernel": LINE[:3], "output_padding": 1, **STEPS},
    "conv_transpose2d": {"x": PICTURE, "kernel": PICTURE[:3], "output_padding": 1, **STEPS},
    "conv_transpose_as_conv": {"x": LINE, "kernel": LINE[:3], "output_padding": 1, **STEPS},
    "conv_transpose_output_size": {
        "input_size": 6, "kernel_size": 3, "output_padding": 1, **STEPS
    },
    "convolution_indices": {"input_size": 6, "kernel_size": 3, **STEPS},
    "convolution_matrix_1d": {"kernel": LINE[:3], "input_size": 6, **STEPS},
    "convolution_matrix_2d": {
        "kernel": PICTURE[:3], "input_size": (5, 6), "dense": True, **STEPS
    },
    "max_pool1d": {"x": LINE, **POOLING, "ceil_mode": True, "dilation": 1},
    "max_pool2d": {"x": PICTURE, **POOLING, "ceil_mode": True, "dilation": 1},
    "max_unpool1d": {"values": LINE[:2], "indices": [0, 1], "output_size": 2, **POOLING},
    "max_unpool2d": {"values": [[1.0]], "indices": [[0]], "output_size": (1, 1), **POOLING},
    "nearest_unet_sizes": {"size": 570, "depth": 4, "padded": False},
    "pool_output_size": {"input_size": 6, **POOLING, "dilation": 1, "ceil_mode": False},
    "unet_sizes": {"size": 572, "depth": 4, "width": 64, "padded": False},
    "upsample_bilinear": {
        "x": PICTURE, "scale_factor": None, "output_size": 7, "align_corners": True
    },
    "upsample_nearest": {"x": PICTURE, "scale_factor": 2, "output_size": None},
}  # fmt: skip

ARRAYS = {"x", "kernel", "values", "indices"}
SWITCHES = {"ceil_mode", "count_include_pad", "align_corners", "dense", "padded"}
FROM_ZERO = {"padding", "output_padding"}


class Unreadable:
    def __array__(self, *_args, **_kwargs):
        raise RuntimeError("not today\nnor tomorrow")


BAD_ARRAYS = {
    "NaN": np.full((5, 6), np.nan),
    "infinite": [np.inf, 1.0, -np.inf],
    "empty line": [],
    "empty picture": np.zeros((0, 3)),
    "number": 3.0,
    "volume": np.ones((2, 2, 2)),
    "complex": np.ones((5, 6), complex),
    "switches": np.ones((5, 6), bool),
    "objects": np.array([[1, None]]),
    "huge whole numbers": [10**30, 1],
    "dates": np.array(["2020-01-01"], "datetime64[D]"),
    "records": np.zeros(3, [("a", int)]),
    "text": "picture.png",
    "texts": ["1", "2"],
    "ragged": [[1, 2], [3]],
    "none": None,
    "set": {1, 2},
    "unreadable": Unreadable(),
}
BAD_SIZES = {
    "negative": -1,
    "negative in a tuple": (1, -2),
    "fraction": 1.5,
    "float": 2.0,
    "switch": True,
    "text": "same",
    "list of lists": [[1], [2]],
    "array": np.array([1, 2, 3]),
    "no axis": (),
    "too many axes": (1, 1, 1, 1, 1),
    "NaN": float("nan"),
    "infinite": float("inf"),
    "complex": 1j,
    "beyond int64": 2**70,
    "beyond printing": 10**5000,
    "too large": 2**31,
}
BAD_SWITCHES = {"number": 1, "text": "yes", "none": None, "array": np.array([True, False])}


def test_every_public_function_is_here_with_every_argument():
    assert sorted(LEGAL) == sorted(ops.__all__)
    for name, arguments in LEGAL.items():
        assert set(arguments) == set(inspect.signature(getattr(ops, name)).parameters), name


@pytest.mark.parametrize("name", LEGAL)
def test_the_legal_calls_are_legal(name):
    assert numbers_or_refusal(name, LEGAL[name]) is None


def numbers_or_refusal(name, arguments):
    """Call; return the message of a refusal in the house style, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = getattr(ops, name)(**arguments)
    except (TypeError, ValueError) as error:
        refusal = error
    else:
        assert_numbers(result)
        return None
    assert_house_style(refusal)
    return str(refusal)


def assert_house_style(refusal):
    message, place = str(refusal), traceback.extract_tb(refusal.__traceback__)[-1].filename
    assert Path(place).parent == Path(ops.__file__).parent, f"from {place}: {message}"
    assert type(refusal) in (TypeError, ValueError)
    assert message.endswith(".")
    assert any(verb in message for verb in ("Use ", "Pick ", "Give ", "Replace ", "Leave "))
    assert "\n" not in message
    assert len(message) < 400


def assert_numbers(result):
    if isinstance(result, UNetSizes):
        result = result.output_size
    for array in result if isinstance(result, tuple) else (result,):
        array = array.toarray() if hasattr(array, "toarray") else np.asarray(array)
        assert array.size > 0
        assert np.isfinite(array).all()


def bad_values(parameter):
    if parameter in ARRAYS:
        return BAD_ARRAYS
    if parameter in SWITCHES:
        return BAD_SWITCHES
    if parameter == "input_size":  # of any number of axes where only sizes are asked for
        return {"zero": 0} | {k: v for k, v in BAD_SIZES.items() if k != "too many axes"}
    return BAD_SIZES if parameter in FROM_ZERO else {"zero": 0} | BAD_SIZES


ARGUMENTS = [(name, parameter) for name, arguments in LEGAL.items() for parameter in arguments]


@pytest.mark.parametrize(("name", "parameter"), ARGUMENTS)
def test_a_wrong_argument_is_named(name, parameter):
    for what, value in bad_values(parameter).items():
        message = numbers_or_refusal(name, {**LEGAL[name], parameter: value})
        assert message is not None, what
        assert parameter in message, what


@pytest.mark.parametrize(
    ("dtype", "fits", "overflows"), [(float, 9e148, 1e150), ("f4", 9e13, 1e15)]
)
def test_numbers_whose_products_overflow_are_refused_and_smaller_ones_are_not(
    dtype, fits, overflows
):
    for name in ("avg_pool1d", "conv1d", "conv_transpose1d", "conv_transpose_as_conv"):
        arguments = dict(LEGAL[name])
        for value in (fits, overflows):
            for parameter in arguments.keys() & {"x", "kernel"}:
                arguments[parameter] = np.full(3, -value, dtype)
            message = numbers_or_refusal(name, arguments)
            assert (message is None) == (value == fits)
        assert message.startswith("x holds numbers up to 1e+")


any_number = st.one_of(
    st.integers(-3, 9), st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=3)
)
any_size = st.one_of(
    st.integers(1, 4),
    any_number,
    st.lists(any_number, max_size=4).map(tuple),
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
    st.lists(st.integers(0, 3), max_size=3),
)
any_array = st.one_of(
    hnp.arrays(
        st.one_of(hnp.scalar_dtypes(), st.sampled_from([np.dtype(float), np.dtype(np.uint8)])),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
    ),
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=1, max_dims=2, max_side=6),
        elements=st.floats(allow_nan=False, allow_infinity=False),
    ),
    st.lists(st.one_of(st.integers(), st.floats()), max_size=4),
    any_number,
)


@st.composite
def calls(draw):
    name = draw(st.sampled_from(sorted(LEGAL)))
    arguments = copy.deepcopy(LEGAL[name])
    changed = draw(st.lists(st.sampled_from(sorted(arguments)), min_size=1, unique=True))
    for parameter in changed:
        arguments[parameter] = draw(any_array if parameter in ARRAYS else any_size)
    return name, arguments


@settings(deadline=None, max_examples=1500)
@given(calls())
def test_any_arguments_give_numbers_or_a_reason(call):
    refusal = numbers_or_refusal(*call)
    assert refusal is None or refusal.endswith(".")
