"""import segviz: quick and lazy, and the three functions win over the modules of their name."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import segviz

FUNCTIONS = ["cost", "explain_shapes", "receptive_field"]


def python(code):
    """Run the code in a new interpreter and return what it prints."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("OMP_WAIT_POLICY", None)
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_import_brings_in_no_heavy_package():
    heavy = {"torch", "torchvision", "matplotlib", "numpy", "scipy", "skimage", "ipywidgets"}
    code = f"import sys, segviz; print(sorted({heavy!r} & {{*sys.modules}}))"
    assert python(code) == "[]"


def test_openmp_threads_sleep_while_they_wait_unless_told_otherwise():
    assert python("import segviz, os; print(os.environ['OMP_WAIT_POLICY'])") == "PASSIVE"
    told = "import os; os.environ['OMP_WAIT_POLICY'] = 'ACTIVE'\n"
    assert python(told + "import segviz; print(os.environ['OMP_WAIT_POLICY'])") == "ACTIVE"


ORDERS = {
    "attribute first": "import segviz; segviz.{name}",
    "module first": "import segviz.{name}",
    "function from the package": "from segviz import {name}",
    "function from the module": "from segviz.{name} import {name}",
}


@pytest.mark.parametrize("order", ORDERS)
def test_the_function_is_there_whichever_import_came_first(order):
    lines = [ORDERS[order].format(name=name) for name in FUNCTIONS]
    lines += ["import segviz, sys, types, segviz.receptive_field.gradient"]
    for name in FUNCTIONS:
        lines += [
            f"assert isinstance(segviz.{name}, types.FunctionType)",
            f"from segviz import {name}; assert {name} is segviz.{name}",
            f"from segviz.{name} import {name} as again; assert again is segviz.{name}",
            f"assert isinstance(sys.modules['segviz.{name}'], types.ModuleType)",
        ]
    assert python("\n".join([*lines, "print('the same')"])) == "the same"


def test_names_are_listed_and_wrong_ones_refused():
    assert {*FUNCTIONS, "ops", "datasets", "widgets", "__version__"} <= set(dir(segviz))
    with pytest.raises(AttributeError, match="module 'segviz' has no attribute 'receptive'"):
        segviz.receptive  # noqa: B018
