"""receptive_field: formula and torch's gradient name the same pixels in random networks."""

from __future__ import annotations

import math

from field_agreement import both, differences
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_networks import networks

from segviz._trace import MetaNetwork, ShapeClash


@settings(deadline=None, max_examples=150)
@given(networks(), st.data())
def test_formula_equals_gradient_on_random_networks(network, data):
    model, size = network
    try:
        trace = MetaNetwork(model).trace((1, *size))
    except ShapeClash:
        assume(False)  # what does not fit is the subject of explain_shapes
    map_size = trace.outputs[0].size[2:]
    assume(math.prod(map_size) < 2000)
    unit = [data.draw(st.integers(0, n - 1)) for n in map_size]
    assert differences(*both(model, size, unit=unit)) == {}
