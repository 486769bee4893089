"""_trace: the run on sizes alone names the layers, has torch's sizes, and leaves nothing behind."""

from __future__ import annotations

import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import networks
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from segviz._trace import MetaNetwork, ShapeClash, Untraceable, kernels, recorder
from segviz._trace.inputs import full_input_size
from segviz._trace.steps import pooling_of


def layers(model, size):
    return [step.layer for step in MetaNetwork(model).trace(size).steps]


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU())
        self.twice = nn.Conv2d(2, 2, 1)

    def forward(self, x):
        skip = self.block(x)
        x = self.twice(self.twice(skip))
        x = F.interpolate(F.relu(x)[:, :, 1:-1, 2:-2], scale_factor=2)
        return torch.cat([x, F.pad(x, (1, -1))], 1)


def test_layers_have_the_names_a_student_knows():
    assert layers(Named(), (1, 1, 8, 8)) == [
        "block.0", "block.1", "twice", "twice (2)", "relu", "crop", "crop", "interpolate", "pad",
        "cat",
    ]  # fmt: skip
    assert layers(nn.Conv2d(1, 1, 1), (1, 1, 4, 4)) == ["Conv2d"]


def test_calls_inside_a_module_stand_below_its_name():
    model = nn.Sequential(Named(), Named())
    with pytest.raises(ShapeClash, match=r"'1\.block\.0' takes 1 channels, but '0\.cat' has 4"):
        MetaNetwork(model).trace((1, 1, 8, 8))


def test_each_step_says_what_it_reads_and_makes():
    trace = MetaNetwork(nn.Conv2d(3, 8, 3, stride=2)).trace((2, 3, 9, 7))
    (step,) = trace.steps
    assert (step.function, step.module, step.pointwise) == ("convolution", "Conv2d", False)
    assert step.inputs == [trace.picture]
    assert (step.output.size, step.arguments["stride"]) == ((2, 8, 4, 3), [2, 2])
    assert (trace.layer_of(trace.picture), trace.layer_of(step.output)) == ("the picture", "Conv2d")


@settings(deadline=None, max_examples=50)
@given(networks())
def test_sizes_are_those_of_a_real_run(network):
    model, size = network
    sizes = {}
    try:
        trace = MetaNetwork(model).trace((1, *size))
    except ShapeClash:
        return

    def hook(name):
        def note(_module, _arguments, output):
            output = output[0] if isinstance(output, tuple) else output
            sizes.setdefault(name, tuple(output.shape))

        return note

    for name, module in model.named_modules():
        module.register_forward_hook(hook(name))
    with torch.no_grad():
        model.eval()(torch.zeros(1, *size))
    assert {n: v.size for n, v in trace.modules.items() if " (" not in n and n} == {
        n: s for n, s in sizes.items() if n
    }
    assert trace.outputs[0].size == sizes[""]


aten = torch.ops.aten
sides = st.integers(1, 6)


@settings(deadline=None, max_examples=60)
@given(
    sides, sides, st.integers(1, 3), st.integers(1, 3), st.booleans(), st.booleans(),
    st.sampled_from([torch.float32, torch.float64]),
)  # fmt: skip
def test_shortcuts_make_what_torch_makes(
    height, width, kernel, stride, transposed, training, dtype
):
    x = torch.zeros(2, 4, height + 3, width + 3, dtype=dtype)
    weight = torch.zeros(4, 2, kernel, kernel, dtype=dtype)
    vector, matrix = torch.ones(4, dtype=dtype), torch.zeros(width + 3, 4, dtype=dtype)
    form = [[stride] * 2, [1, 1], [1, 1], transposed, [0, 0], 2]
    calls = [
        (aten.convolution.default, [x, weight, None, *form]),
        (aten.native_batch_norm.default, [x, *[vector] * 4, training, 0.1, 1e-5]),
        (aten.addmm.default, [vector, x[0, 0], matrix]),
        (aten.upsample_nearest2d.default, [x, [height, 2 * width]]),
        (aten.upsample_bilinear2d.default, [x, [height, 2 * width], False]),
        (aten.max_pool2d_with_indices.default, [x, [kernel + 1] * 2, [stride] * 2]),
        (aten.max_pool2d_with_indices.default, [x, [2, 3], [], [1, 1], [1, 2], training]),
        (aten.cat.default, [[x, x], 1]),
        (aten.cat.default, [[x, x[:, :, :1]], -2]),
        (aten.hardswish.default, [x]),
        (aten.relu_.default, [x]),
        (aten.hardtanh_.default, [x, 0.0, 6.0]),
    ]
    for function, given_arguments in calls:
        assert function in kernels._SHORTCUTS
        on_meta = recorder._on_meta(given_arguments)
        ours, theirs = kernels.run(function, on_meta, {}), function(*given_arguments)
        pairs = zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]
        assert all((a.shape, a.dtype) == (b.shape, b.dtype) for a, b in pairs)


# ---- the copy -------------------------------------------------------------------------------


class Odd(nn.Module):
    """Tensors in every place where a module can keep them."""

    def __init__(self):
        super().__init__()
        self.weight_norm = parametrizations.weight_norm(nn.Conv2d(1, 2, 3))
        self.spectral = parametrizations.spectral_norm(nn.Conv2d(2, 2, 1))
        self.plain = torch.ones(2, 1, 1)
        self.history = (torch.ones(2, 1, 1, requires_grad=True) * 2,)[0]
        self.several = [torch.ones(1), torch.zeros(1)]
        self.register_buffer("scale", torch.full((2, 1, 1), 3.0))
        self.shared = self.weight_norm

    def forward(self, x):
        x = self.spectral(self.weight_norm(x)) * self.plain + self.history
        return x * self.scale + self.several[0] + torch.arange(2.0)[:, None, None]


def test_tensors_kept_anywhere_are_followed():
    assert MetaNetwork(Odd()).trace((1, 1, 5, 5)).outputs[0].size == (1, 2, 3, 3)


def test_copy_shares_what_the_model_shares_and_holds_no_numbers():
    convolution = nn.Conv2d(2, 2, 1)
    network = MetaNetwork(nn.Sequential(convolution, convolution))
    assert network.model[0] is network.model[1]
    assert all(parameter.is_meta for parameter in network.model.parameters())


def test_the_callers_hooks_do_not_run_and_stay():
    model, seen = nn.Sequential(nn.Conv2d(1, 1, 1)), []
    model[0].register_forward_hook(lambda *_: seen.append("hook"))
    model.register_forward_pre_hook(lambda *_: seen.append("before"))
    MetaNetwork(model).trace((1, 1, 4, 4))
    assert not seen
    model(torch.zeros(1, 1, 4, 4))
    assert seen == ["before", "hook"]


def test_modes_are_restored_even_after_a_clash():
    with torch.enable_grad(), pytest.raises(ShapeClash):
        MetaNetwork(nn.Conv2d(1, 1, 9)).trace((1, 1, 4, 4))
    assert torch.is_grad_enabled()
    assert torch.zeros(1).device.type == "cpu"


def test_a_default_device_and_other_threads_do_not_disturb():
    found = []

    def work():
        found.append(len(MetaNetwork(Named()).trace((1, 1, 8, 8)).steps))

    threads = [threading.Thread(target=work) for _ in range(4)]
    with torch.device("meta"):
        for thread in threads:
            thread.start()
        work()
    for thread in threads:
        thread.join()
    assert found == [10] * 5


def test_a_compiled_model_is_followed_as_it_was_written():
    compiled = torch.compile(nn.Sequential(nn.Conv2d(1, 1, 3)))
    assert MetaNetwork(compiled).trace((1, 1, 5, 5)).outputs[0].size == (1, 1, 3, 3)


# ---- sizes of the input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "given_size", "full"),
    [
        (nn.Conv2d(3, 1, 1), (3, 4, 5), (1, 3, 4, 5)),
        (nn.Conv2d(3, 1, 1), [7, 3, 4, 5], (7, 3, 4, 5)),
        (nn.Conv1d(3, 1, 1), (3, 4), (1, 3, 4)),
        (nn.Conv1d(3, 1, 1), (2, 3, 4), (2, 3, 4)),
        (nn.Conv3d(3, 1, 1), (3, 4, 5, 6), (1, 3, 4, 5, 6)),
        (nn.Conv3d(3, 1, 1), (2, 3, 4, 5, 6), (2, 3, 4, 5, 6)),
        (nn.MaxPool3d(2), (3, 4, 5, 6), (1, 3, 4, 5, 6)),
        (nn.Linear(3, 1), (3,), (1, 3)),
        (nn.Linear(3, 1), (7, 3), (7, 3)),
        (nn.Sequential(nn.Flatten(), nn.Linear(12, 1)), (3, 2, 2), (1, 3, 2, 2)),
        (nn.Sequential(nn.Conv2d(3, 1, 1), *[nn.BatchNorm1d(1)] * 3), (3, 4, 5), (1, 3, 4, 5)),
        (nn.ReLU(), (3, 4, 5), (1, 3, 4, 5)),
        (nn.ReLU(), (3, 4, 5, 6), (3, 4, 5, 6)),
    ],
)
def test_the_batch_may_be_left_out(model, given_size, full):
    assert full_input_size(model, given_size) == full


@pytest.mark.parametrize(
    ("given_size", "kind", "text"),
    [
        ((572, 572), ValueError, "has 2 numbers, but the network takes (channels, rows, columns)"),
        ((1, 2, 3, 4, 5), ValueError, "has 5 numbers"),
        ((3, 0, 8), ValueError, "input_size[1]=0 must be at least 1"),
        ((3, -8, 8), ValueError, "input_size[1]=-8 must be at least 1"),
        ((3, 8.0, 8), TypeError, "input_size[1]=8.0 must be a whole number"),
        ((True, 8, 8), TypeError, "input_size[0]=True must be a whole number"),
        (572, TypeError, "input_size=572 must be a tuple"),
        ("3x8x8", TypeError, "must be a tuple"),
        ((3, 10**7, 8), ValueError, "larger than any picture"),
        ((2**20, 3, 10**5, 10**5), ValueError, "larger than any picture"),
    ],
)
def test_wrong_input_sizes_are_named(given_size, kind, text):
    with pytest.raises(kind) as caught:
        full_input_size(nn.Conv2d(3, 1, 1), given_size)
    assert text in str(caught.value)


# ---- networks that cannot be followed ---------------------------------------------------------


class Calls(nn.Module):
    """A convolution and then any function of its output."""

    def __init__(self, function):
        super().__init__()
        self.conv, self.function = nn.Conv2d(1, 2, 1), function

    def forward(self, x):
        return self.function(self.conv(x))


def raises(error):
    def function(_):
        raise error

    return function


@pytest.mark.parametrize(
    ("function", "kind", "text"),
    [
        (lambda x: x * x.max().item(), ValueError, "looks at the numbers of its picture"),
        (lambda x: x[x > 0], ValueError, "looks at the numbers of its picture"),
        (lambda x: 3, ValueError, "returns no tensor that depends on its picture"),
        (lambda x: torch.zeros(3), ValueError, "returns no tensor that depends on its picture"),
        (lambda x: x[:, :, 3:1], ValueError, "'crop' leaves an empty map, 2 x 0 x 4"),
        (lambda x: x.view(5, 7), ValueError, "'view': torch refuses view here: shape '[5, 7]'"),
        (lambda x: x @ torch.ones(3, 3), ValueError, "'linear' takes 3 features"),
        (raises(KeyError("mask")), TypeError, "cannot run on one picture alone (KeyError: 'mask')"),
        (raises(RuntimeError("too dark")), ValueError, "stops with RuntimeError: too dark."),
    ],
)
def test_what_cannot_be_followed_is_named(function, kind, text):
    with pytest.raises(kind) as caught:
        MetaNetwork(Calls(function)).trace((1, 1, 4, 4))
    assert text in str(caught.value)


def test_two_inputs_are_refused():
    class Two(nn.Module):
        def forward(self, x, y):
            return x + y

    with pytest.raises(TypeError, match="the forward of Two cannot run on one picture alone"):
        MetaNetwork(Two()).trace((1, 1, 4, 4))


def test_an_exception_that_the_network_catches_does_no_harm():
    class Careful(nn.Module):
        def __init__(self):
            super().__init__()
            self.large, self.small = nn.Sequential(nn.Conv2d(1, 1, 9)), nn.Conv2d(1, 1, 3)

        def forward(self, x):
            try:
                return self.large(x)
            except ValueError:
                return self.small(x)

    assert layers(Careful(), (1, 1, 5, 5)) == ["small"]


class Lock(nn.Module):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    ("model", "kind", "text"),
    [
        (nn.LazyConv2d(3, 3), ValueError, "lazy layer"),
        (Lock(), TypeError, "Lock cannot be copied"),
        (nn.Conv2d, TypeError, "must be a torch.nn.Module"),
        (torch.zeros(3), TypeError, "must be a torch.nn.Module"),
    ],
)
def test_models_that_cannot_be_copied_are_named(model, kind, text):
    with pytest.raises(kind, match=text):
        MetaNetwork(model)


# ---- writing into tensors ---------------------------------------------------------------------


def functions(function, size=(1, 1, 4, 4)):
    return [step.function for step in MetaNetwork(Calls(function)).trace(size).steps]


def test_writing_into_a_part_reaches_the_whole():
    def nails(x):
        made = x.new_zeros(1, 2, 8, 8)
        made[:, :, 1::2, ::2] = x
        return made

    steps = MetaNetwork(Calls(nails)).trace((1, 1, 4, 4)).steps
    assert [step.function for step in steps] == ["convolution", "copy", "write"]
    assert steps[-1].arguments["starts"] == [0, 0, 1, 0]
    assert steps[-1].arguments["steps"] == [1, 1, 2, 2]
    assert steps[-1].output.size == (1, 2, 8, 8)


def test_a_view_from_before_the_writing_is_not_taken_for_what_it_was():
    def stale(x):
        made = x.new_zeros(1, 2, 4, 4)
        turned = made.transpose(2, 3)
        made[:, :, :, :2] = x[:, :, :, :2]
        return turned * 1

    assert "view of a tensor written to" in functions(stale)


def test_relu_in_place_on_a_part_changes_no_dependence():
    def part(x):
        return F.relu_(x[:, :, 1:])

    assert functions(part) == ["convolution", "slice", "relu"]


def test_indices_are_followed_back_to_their_pooling():
    class Unpool(nn.Module):
        def forward(self, x):
            values, indices = F.max_pool1d(x, 2, return_indices=True)
            return F.max_unpool1d(values, indices, 2)

    model = nn.Sequential(nn.Conv1d(1, 1, 1), Unpool())
    trace = MetaNetwork(model).trace((1, 1, 8))
    (unpool,) = [step for step in trace.steps if step.function == "max_unpool2d"]
    found = pooling_of(unpool.arguments["indices"], trace.steps)
    assert found is not None
    assert found.function == "max_pool2d_with_indices"
    assert pooling_of(trace.picture, trace.steps) is None


def test_untraceable_is_a_value_error_without_the_search_for_sizes():
    assert issubclass(Untraceable, ValueError)
    assert "segviz.explain_shapes" in str(ShapeClash("no.", [-1]))
    assert str(ShapeClash("no.", [])) == "no."
