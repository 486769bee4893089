"""One run of a network on sizes alone: what receptive_field, cost and explain_shapes read.

The run takes place on torch's meta device, where a tensor has a shape but no numbers, so that a
network of any size takes milliseconds and no memory. The caller's model is copied, never touched.
"""

from segviz._trace.network import MetaNetwork, Trace
from segviz._trace.steps import AXIS_NAMES, ShapeClash, Step, Untraceable, Value, shown_size

__all__ = [
    "AXIS_NAMES",
    "MetaNetwork",
    "ShapeClash",
    "Step",
    "Trace",
    "Untraceable",
    "Value",
    "shown_size",
]
