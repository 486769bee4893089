"""The mode that, while a network runs, writes down what torch does with the picture."""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from segviz._trace import clashes, kernels
from segviz._trace.steps import Step, Untraceable, Value, is_crop, tensors, values

# What these return does not depend on the numbers of the tensor that they are called on.
_FRESH = {f"{kind}_like" for kind in ("empty", "zeros", "ones", "full", "rand", "randn", "randint")}
_FRESH |= {"new_empty", "new_empty_strided", "new_zeros", "new_ones", "new_full"}
# How a student writes the call, by the beginning of torch's inner name.
_CALLS = {
    "convolution": "conv",
    "slice": "crop",
    "constant_pad": "pad",
    "circular_pad": "pad",
    "reflection_pad": "pad",
    "replication_pad": "pad",
    "upsample": "interpolate",
    "addmm": "linear",
    "mm": "linear",
    "bmm": "matmul",
}

# Called with the name of the layer and each tensor that it makes.
Watcher = Callable[[str, torch.Tensor], None]


class CircularPadding(TorchFunctionMode):
    """Keeps circular padding one operation, which torch would split into a dozen copies."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is not F.pad or "circular" not in (*args[2:3], kwargs.get("mode")):
            return func(*args, **kwargs)
        with self._recorder.called("circular_pad"):
            return F.pad(*args[:2], **{key: value for key, value in kwargs.items() if key == "pad"})


class Recorder(TorchDispatchMode):
    """Keeps a Step for each operation on what depends on the picture.

    A tensor carries its Value as an attribute, so that the recorder keeps none alive and memory is
    freed in the run as it would be without it.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Keep torch from importing its compiler, 1.5 s, to tell it that this is not for it."""
        return False

    def __init__(self, picture: torch.Tensor, watch: Watcher | None = None) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.modules: dict[str, Value] = {}
        self.picture = Value(tuple(picture.shape), -1)
        picture._segviz_value = self.picture  # type: ignore[attr-defined]
        self._watch = watch
        self._inside: list[tuple[str, str, str]] = [("", "", "")]
        self._calls: Counter[str] = Counter()
        self._name = ""
        self._written: list[tuple[StorageWeakRef, int]] = []
        if watch:
            watch("the picture", picture)

    @property
    def place(self) -> str:
        """The name of the module that runs now, or of the last one that did not end."""
        return self._inside[-1][2]

    def enter(self, name: str, layer: str) -> None:
        """Note that module ``name`` begins; ``layer`` is its class if it is a layer of torch."""
        self._inside.append((name, layer, self._numbered(name or layer)))

    def leave(self, name: str, output: Any) -> None:
        """Note that module ``name`` has returned ``output``."""
        while (ended := self._inside.pop())[0] != name:
            pass  # modules that ended in an exception which the network caught
        made = tensors(output)
        if made:
            self.modules[ended[2]] = self.value(made[0])

    @contextlib.contextmanager
    def called(self, function: str) -> Iterator[None]:
        """Record the next operation under another name."""
        self._name = function
        try:
            yield
        finally:
            self._name = ""

    def value(self, tensor: torch.Tensor) -> Value:
        """Return what is known of the tensor."""
        value = getattr(tensor, "_segviz_value", None) or Value(tuple(tensor.shape))
        for storage, step in self._written:
            stale = value.step is None or value.step < step
            if stale and storage == StorageWeakRef(tensor.untyped_storage()):
                return self._add("", "view of a tensor written to", False, {"x": value}, [tensor])
        return value

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        args = [_on_meta(argument) for argument in args]
        kwargs = {name: _on_meta(argument) for name, argument in (kwargs or {}).items()}
        function, defaults, pointwise = _signature(func)
        function = self._name or function
        given = dict(zip(defaults, args, strict=False)) | kwargs
        arguments = {name: self._valued(item) for name, item in (defaults | given).items()}
        depends = function not in _FRESH and any(value.depends for value in values(arguments))
        layer = self._layer(function, arguments) if depends else self.place
        made = self._run(func, args, kwargs, function, layer, arguments if depends else {})
        if depends:
            self._add(layer, function, pointwise, arguments, tensors(made))
            if func._schema.is_mutable:
                self._write(layer, args[0], arguments)
        for tensor in tensors(made) if self._watch else ():
            self._watch(layer, tensor)  # type: ignore[misc]
        return made

    def _run(
        self,
        func: Any,
        args: list[Any],
        kwargs: dict[str, Any],
        function: str,
        layer: str,
        arguments: dict[str, Any],
    ) -> Any:
        if arguments:
            clashes.check(function, layer, arguments, self.steps)
        try:
            made = kernels.run(func, args, kwargs)
        except Exception as error:
            if isinstance(error, NotImplementedError) or "meta tensor" in str(error):
                raise Untraceable(
                    f"{layer or 'the network'} looks at the numbers of its picture ({function}), "
                    "but the analysis runs on sizes alone. Give the part of the network without it."
                ) from error
            raise clashes.refused(function, layer, error) from error
        if arguments and tensors(made):
            clashes.check_output(layer, tensors(made)[0].shape)
        return made

    def _valued(self, given: Any) -> Any:
        if isinstance(given, torch.Tensor):
            return self.value(given)
        if isinstance(given, (list, tuple)):
            return [self._valued(item) for item in given]
        return given

    def _add(
        self,
        layer: str,
        function: str,
        pointwise: bool,
        arguments: dict[str, Any],
        made: list[torch.Tensor],
    ) -> Value:
        outputs = tuple(Value(tuple(tensor.shape), len(self.steps)) for tensor in made)
        for tensor, value in zip(made, outputs, strict=True):
            tensor._segviz_value = value  # type: ignore[attr-defined]
        module = self._inside[-1][1]
        self.steps.append(Step(layer, module, function, pointwise, arguments, outputs))
        return outputs[0] if outputs else Value(())

    def _write(self, layer: str, target: torch.Tensor, arguments: dict[str, Any]) -> None:
        """Carry what was written into a view over to the tensor that it is a view of."""
        base, written = target._base, list(values(arguments))[1:]
        if base is None or not any(value.depends for value in written):
            return  # a new tensor, or one changed number by number
        place = _place(target, base) | {"base": self.value(base), "source": self.value(target)}
        self._add(layer, "write", False, place, [base])
        self._written.append((StorageWeakRef(base.untyped_storage()), len(self.steps) - 1))

    def _layer(self, function: str, arguments: dict[str, Any]) -> str:
        name, layer, label = self._inside[-1]
        if layer:
            return label
        before = self.steps[-1] if self.steps else None
        again = before and function == before.function == "slice"
        if before and again and arguments["self"] is before.output:
            return before.layer  # the crop of another axis, written as one
        cut = function == "constant_pad_nd" and is_crop(arguments["pad"])
        call = _call("slice" if cut else function)
        return self._numbered(f"{name}.{call}" if name else call)

    def _numbered(self, name: str) -> str:
        self._calls[name] += bool(name)
        return name if self._calls[name] <= 1 else f"{name} ({self._calls[name]})"


@functools.cache
def _signature(func: Any) -> tuple[str, dict[str, Any], bool]:
    """Return torch's name of an operation, its arguments' defaults, and if it is pointwise."""
    schema = func._schema
    name = schema.name.removeprefix("aten::")
    defaults = {argument.name: argument.default_value for argument in schema.arguments}
    pointwise = torch.Tag.pointwise in func.tags
    return name[:-1] if schema.is_mutable and name.endswith("_") else name, defaults, pointwise


@functools.cache
def _call(function: str) -> str:
    """Return what a student calls the function, which may have an inner name in torch."""
    name = function.strip("_").removeprefix("native_").removesuffix("_with_indices")
    return next((call for inner, call in _CALLS.items() if name.startswith(inner)), name)


def _on_meta(argument: Any) -> Any:
    if isinstance(argument, torch.Tensor):
        return argument if argument.device.type == "meta" else argument.to("meta")
    if isinstance(argument, (list, tuple)):
        return [_on_meta(item) for item in argument]
    return argument


def _place(view: torch.Tensor, base: torch.Tensor) -> dict[str, Any]:
    """Return where along each axis of ``base`` the view starts and with which step it goes on."""
    starts, offset = [], view.storage_offset() - base.storage_offset()
    for stride in base.stride():
        start, offset = divmod(int(offset), int(stride))
        starts.append(start)
    steps = [v // b for v, b in zip(view.stride(), base.stride(), strict=False)]
    whole = view.ndim == base.ndim and base.is_contiguous()
    return {"starts": starts if whole else None, "steps": steps if whole else None}
