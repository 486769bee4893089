"""segviz: see and do image segmentation with convolutional networks.

Notation, once, for every module, test and lecture
--------------------------------------------------
Pictures are torch float32 ``N C H W`` in [0, 1], volumes ``N C D H W``. Semantic masks are
int64 ``N H W`` with 255 = void; instance maps are int32 with 0 = background. ``segviz.ops`` works
on plain numpy with neither batch nor channel: ``x`` of shape ``(n,)`` or ``(H, W)``.
Axis order is row, column. K is the number of classes. In formulas n k s p d a stand for input
size, kernel size, stride, padding, dilation and output padding; in code the names are torch's:
``kernel_size``, ``stride``, ``padding``, ``dilation``, ``output_padding``. "Convolution" means
cross-correlation, as in torch. Randomness always comes from an explicit ``seed``.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType

TYPE_CHECKING = False  # importing typing itself would take longer than all the rest of this file
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

# Two OpenMP threads that spin while they wait cost five times the work on a shared machine;
# the setting only counts when it stands before torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_SUBPACKAGES = (
    "datasets",
    "exercises",
    "grading",
    "losses",
    "metrics",
    "models",
    "ops",
    "plot",
    "postprocessing",
    "training",
    "transforms",
    "widgets",
)
# Functions that live in a module of their own name: segviz.cost(...) is the function.
_FUNCTIONS = ("cost", "explain_shapes", "receptive_field")

__all__ = ["__version__", *_FUNCTIONS, *_SUBPACKAGES]


class _Package(ModuleType):
    """The package itself: after ``import segviz.cost`` Python binds the *module* to the name
    ``segviz.cost``; this keeps the function there, whichever import came first."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FUNCTIONS and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS or name in _SUBPACKAGES:
        importlib.import_module(f"{__name__}.{name}")
        return sys.modules[__name__].__dict__[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


sys.modules[__name__].__class__ = _Package
