"""cost: against torch's own counter, real runs on the CPU, the papers' figures and by hand."""

from __future__ import annotations

import pickle

import paper_networks as paper
import pytest
import torch
import torchvision
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_networks import networks
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from segviz import cost
from segviz._trace import MetaNetwork, ShapeClash


def meta(network, *args, **kwargs):
    with torch.device("meta"):
        return network(*args, **kwargs)


def torch_flops(model, size):
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.to("meta").eval()(torch.empty(size, device="meta"))
    return counter.get_total_flops()


class Run(TorchDispatchMode):
    """A real run: the bytes of every tensor it makes, and most of them alive at one time.

    A tensor counts by the numbers that it has when it is made, as some kernels of the CPU return
    a part of a larger piece of memory.
    """

    def __init__(self, model, picture, *, hold=False):
        super().__init__()
        self.weights = {t.data_ptr() for t in (*model.parameters(), *model.buffers())}
        self.size, self.refs, self.most, self.held = {}, {}, 0, [] if hold else None
        self.add(picture)

    def add(self, tensor):
        storage = tensor.untyped_storage()
        self.refs = {key: ref for key, ref in self.refs.items() if not ref.expired()}
        if storage.data_ptr() not in self.weights and storage._cdata not in self.refs:
            self.refs[storage._cdata] = StorageWeakRef(storage)
            self.size[storage._cdata] = tensor.numel() * tensor.element_size()
        if self.held is not None:
            self.held.append(storage)
        self.most = max(self.most, sum(self.size[key] for key in self.refs))

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, (tuple, list)) else (made,):
            if isinstance(tensor, torch.Tensor):
                self.add(tensor)
        return made


def real_peak(model, size):
    """Most bytes alive at one time in a run without gradients, the picture included."""
    picture = torch.rand(size)
    with torch.no_grad(), Run(model.eval(), picture) as run:
        model(picture)
    return run.most


def really_kept(model, size):
    """Bytes of the distinct tensors, no weights, that autograd saves in a training run."""
    picture, kept = torch.rand(size), set()

    def pack(tensor):
        kept.add(tensor.untyped_storage()._cdata)
        return tensor

    with Run(model.train(), picture, hold=True) as run, saved_tensors_hooks(pack, lambda t: t):
        output = model(picture)
    assert output is not None
    return sum(run.size.get(key, 0) for key in kept)


PAPERS = [
    (paper.FCN32s, (1, 3, 500, 500), 134_346_581, "181.37"),
    (paper.UNet, (1, 1, 572, 572), 31_030_658, "150.43"),
    (paper.N4, (1, 1, 95, 95), 219_290, "0.12"),
]


@pytest.mark.parametrize(("network", "size", "parameters", "giga"), PAPERS)
def test_the_papers_networks_cost_what_is_published(network, size, parameters, giga):
    found = cost(meta(network), size)
    assert found.parameters == parameters
    assert f"{found.multiply_adds / 1e9:.2f}" == giga


def test_frozen_parameters_and_buffers_stand_apart():
    found = cost(meta(paper.FCN32s), (3, 500, 500))
    assert (found.frozen_parameters, found.buffers) == (1_806_336, 0)
    assert cost(nn.BatchNorm2d(5), (5, 4, 4)).buffers == 5 + 5 + 1


TORCHVISION = ["vgg16", "resnet50", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5"]
NETWORKS = [
    *[(network, size) for network, size, *_ in PAPERS],
    (paper.SegNet, (2, 3, 90, 120)),
    (paper.ASPP, (1, 3, 129, 129)),
    *[(getattr(torchvision.models, name), (2, 3, 224, 224)) for name in TORCHVISION],
    (torchvision.models.vit_b_32, (1, 3, 224, 224)),
    (torchvision.models.video.r3d_18, (1, 3, 8, 56, 56)),
    (lambda: torchvision.models.segmentation.fcn_resnet50(weights_backbone=None), (1, 3, 65, 65)),
]


@pytest.mark.parametrize(("network", "size"), NETWORKS)
def test_multiply_adds_are_half_of_torchs_flops(network, size):
    model = meta(network)
    found = cost(model, size)
    assert 2 * found.multiply_adds == torch_flops(model, size)
    assert found.parameters + found.frozen_parameters == sum(p.numel() for p in model.parameters())


@settings(deadline=None, max_examples=60)
@given(networks(largest=(30, 14, 8)))
def test_random_networks_cost_what_a_real_run_costs(network):
    model, size = network
    try:
        MetaNetwork(model).trace((1, *size))
    except ShapeClash:
        assume(False)
    found = cost(model, (2, *size))
    assert 2 * found.multiply_adds == torch_flops(pickle.loads(pickle.dumps(model)), (2, *size))
    assert found.peak_bytes == real_peak(model, (2, *size))
    assert found.kept_bytes == really_kept(model, (2, *size))


@pytest.mark.parametrize(
    ("network", "size"),
    [
        (torchvision.models.resnet18, (2, 3, 64, 64)),
        (torchvision.models.mobilenet_v3_small, (2, 3, 64, 64)),
        (torchvision.models.densenet121, (1, 3, 64, 64)),
        (paper.PaddedUNet, (1, 1, 32, 32)),
        (lambda: paper.UNet(width=4), (1, 1, 220, 204)),
        (paper.ASPP, (1, 3, 65, 65)),
    ],
)
def test_memory_is_that_of_a_real_run(network, size):
    model = network()
    found = cost(model, size)
    assert found.peak_bytes == real_peak(model, size)
    assert found.kept_bytes == really_kept(model, size)


def test_a_convolution_by_hand():
    """3 to 8 channels, 3x3, on 6x6: 4x4 positions, 3*3*3*8 = 216 weights, 4 bytes a number."""
    found = cost(nn.Conv2d(3, 8, 3), (3, 6, 6))
    assert (found.parameters, found.multiply_adds) == (216 + 8, 216 * 16)
    assert found.kept_bytes == 3 * 6 * 6 * 4
    assert found.peak_bytes == (3 * 6 * 6 + 8 * 4 * 4) * 4


def test_grouped_transposed_and_dense_layers_by_hand():
    """A transposed convolution multiplies each input pixel with the whole kernel."""
    assert cost(nn.Conv2d(4, 8, 3, groups=2), (4, 5, 5)).multiply_adds == 9 * 2 * 8 * 9
    assert cost(nn.ConvTranspose2d(3, 2, 4, 2), (3, 5, 7)).multiply_adds == 3 * 2 * 16 * 35
    assert cost(nn.Linear(10, 4), (6, 10)).multiply_adds == 6 * 40


def test_batch_norm_and_relu_in_place_by_hand():
    """Kept: the picture, what enters the norm, its 2 statistics, what the ReLU returns.

    In place the ReLU returns the norm's own map, which saves nothing here; without a norm it
    returns the convolution's, which saves memory at the peak: one map instead of two.
    """
    picture, one_map, statistics = 16 * 16 * 4, 8 * 16 * 16 * 4, 2 * 8 * 4
    convolution = nn.Conv2d(1, 8, 3, padding=1)
    for inplace in (False, True):
        model = nn.Sequential(convolution, nn.BatchNorm2d(8), nn.ReLU(inplace))
        assert cost(model, (1, 16, 16)).kept_bytes == picture + 2 * one_map + statistics
        model = nn.Sequential(convolution, nn.ReLU(inplace))
        peak = picture + one_map if inplace else picture + 2 * one_map
        assert cost(model, (1, 16, 16)).peak_bytes == peak


def test_a_frozen_network_keeps_nothing():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)).requires_grad_(False)
    assert cost(model, (1, 9, 9)).kept_bytes == 0
    model[2].requires_grad_(True)
    assert cost(model, (1, 9, 9)).kept_bytes == 4 * 7 * 7 * 4


def test_half_precision_takes_half_the_bytes():
    model = paper.PaddedUNet()
    full = cost(model, (1, 16, 16))
    half = cost(model.to(torch.bfloat16), (1, 16, 16))
    assert (full.peak_bytes, full.multiply_adds) == (2 * half.peak_bytes, half.multiply_adds)


def test_what_runs_twice_counts_twice_but_its_parameters_once():
    shared = nn.Conv2d(2, 2, 3, padding=1, bias=False)
    found = cost(nn.Sequential(shared, nn.ReLU(), shared), (2, 5, 5))
    assert (found.parameters, found.multiply_adds) == (36, 2 * 36 * 25)
    assert [(row.layer, row.parameters) for row in found.layers if row.multiply_adds] == [
        ("0", 36),
        ("0 (2)", 0),
    ]


class Spare(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.spare = nn.Conv2d(1, 1, 1), nn.Linear(3, 4)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.used(x) * self.scale


def test_rows_add_up_and_name_what_does_not_run():
    found = cost(Spare(), (1, 4, 4))
    for name in ("parameters", "frozen_parameters", "multiply_adds", "kept_bytes"):
        assert sum(getattr(row, name) for row in found.layers) == getattr(found, name)
    rows = {row.layer: row for row in found.layers}
    assert (rows["spare"].output_size, rows["spare"].parameters) == (None, 16)
    assert rows["Spare"].parameters == 1
    assert "does not run" in repr(found)


def test_batch_norm_on_one_value_per_channel_counts_as_frozen():
    """Image pooling: torch refuses to train it at batch size 1, at 2 it keeps two statistics."""
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(4))
    with pytest.raises(ValueError, match="Expected more than 1 value"):
        model.train()(torch.rand(1, 1, 8, 8))
    one, two = cost(model, (1, 1, 8, 8)), cost(model, (2, 1, 8, 8))
    assert two.kept_bytes - 2 * one.kept_bytes == 2 * 4 * 4


def test_repr_and_html_are_the_same_every_time():
    found = cost(paper.PaddedUNet(), (1, 32, 32))
    assert repr(found) == repr(cost(paper.PaddedUNet(), (1, 32, 32)))
    assert "0x" not in repr(found)
    assert found._repr_html_().count("<tr>") == len(repr(found).splitlines()) - 3
    assert pickle.loads(pickle.dumps(found)) == found


def test_the_callers_model_is_untouched():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout()).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    cost(model, (1, 16, 16))
    assert model.training
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_clash_is_told_with_the_way_out():
    with pytest.raises(ValueError, match=r"kernel spans 3 x 3, larger .* segviz\.explain_shapes"):
        cost(nn.Conv2d(1, 1, 3), (1, 2, 2))


anything = st.one_of(
    st.none(),
    st.floats(),
    st.text(max_size=3),
    st.integers(-3, 9),
    st.booleans(),
    st.lists(st.integers(-2, 12), max_size=6).map(tuple),
    st.lists(st.floats(), max_size=4),
)


@settings(deadline=None, max_examples=150)
@given(anything, st.sampled_from([nn.Conv2d(3, 2, 3), nn.Linear(4, 2), nn.ReLU(), None, "net"]))
def test_bad_input_never_ends_in_a_foreign_error(input_size, model):
    try:
        found = cost(model, input_size)
    except (TypeError, ValueError) as error:
        message = str(error)
    else:
        message = repr(found)
    assert message.startswith("Cost for a batch") or message.endswith(".")
