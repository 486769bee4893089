"""The pattern behind every widget: Python computes a trace, the browser draws it and keeps time.

How to add a widget
-------------------
Four files with one stem, here ``pooling``; nothing else is touched (the class is found by its
files, and the checks that every widget must pass run over all of them):

1. ``segviz/widgets/pooling.py``: a subclass of :class:`TraceWidget`. It must work without
   arguments, on a picture that needs no download. ::

       class Pooling2D(TraceWidget):
           kernel_size = Whole(2, 1, 4)              # parameters: validated, sent, in repr
           values = Grid([[1, 2], [3, 4]])

           def _scene_arrays(self):                  # once: what no parameter changes
               return {"picture": codes}

           def _compute(self, *, values, kernel_size):   # parameters in, arrays out
               pooled, indices = ops.max_pool2d(values, kernel_size)
               return {"pooled": pooled, "indices": indices, "caption": "4 x 4 -> 2 x 2"}

           def _inspect(self, *, values, cursor):    # optional second, small answer (cursor)
               ...

           def _still(self):                         # what stays where no kernel runs
               return plot.pooling(...).figure

           def _describe(self):                      # its alternative text, one sentence
               ...

           def _frames(self):                        # steps of the animation as it is set now
               return self.trace["pooled"].size

           def _frame(self, step):                   # the still at one of them
               return plot.pooling(..., step=step).figure

           _offline = ("kernel_size",)               # what a saved page can still be set to

   ``_compute`` and ``_inspect`` are called only when a parameter that they name has changed. They
   are pure: they may run in the kernel's comm thread while a cell runs, so they use no pyplot
   and change nothing. Where a setting is illegal they raise ``ValueError`` with the rule; the
   base shows it, keeps the picture and offers the nearest legal setting. Send what is drawn as
   small integers (:func:`codes`): at most 10 kB and 5 ms of kernel time per change.
2. ``segviz/widgets/pooling.js``: ``import { open, slider, ... } from "./core.js"`` (one statement
   per shared file, no other import) and ``export default { render }``. It draws what the trace
   says and never computes a result. All of it becomes one module, so a name that a shared file
   has taken is not free. Draw with ``view.settled(name)``, the setting that the trace belongs to;
   what the browser can look up in the scene needs no answer: ``slider(view, name, {quiet: true})``.
   On a saved page Python is away: there ``view.works(name)`` is false for what it would have to
   answer. Controls then grey themselves; leave out a table's ``onEdit``, a picture's ``onCell``.
3. ``tests/widgets/test_pooling_widget.py``: the trace against an independent computation.
4. A lecture cell: ``segviz.widgets.Pooling2D()``.

The still and the frames are drawn by the function of the same stem in ``segviz/plot/``; ``save``
makes pages, films and pictures of them (``_export.py``). A page has the answers to all settings of
``_offline`` in it, every combination, so keep it to few and to parameters that change no others.
Every widget is shown, saved, walked through by keyboard and looked at by axe in ``tests/browser/``,
and timed against matplotlib by ``tests/benchmarks/widgets.py``, without another line. While you
work on the JS, run the cell again: the files are read whenever a widget is made.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping
from typing import Any, ClassVar

import anywidget
import traitlets

from segviz.plot import _style
from segviz.widgets._export import Exportable
from segviz.widgets._parameters import Parameter
from segviz.widgets._wire import codes as codes
from segviz.widgets._wire import pack, source, style


class TraceWidget(Exportable, anywidget.AnyWidget):
    """Base of every widget; see the module's text for how to write one."""

    parameters: ClassVar[tuple[str, ...]] = ()
    _answers: ClassVar[dict[str, tuple[str, ...]]] = {}

    _scene = traitlets.Dict().tag(sync=True)
    _trace = traitlets.Dict().tag(sync=True)
    _detail = traitlets.Dict().tag(sync=True)
    _settled = traitlets.Dict().tag(sync=True)  # the settings that the answers belong to
    _error = traitlets.Dict().tag(sync=True)
    _controls = traitlets.Dict().tag(sync=True)
    _look = traitlets.Dict().tag(sync=True)
    _asked = traitlets.Int(0).tag(sync=True, echo_update=False)
    _answered = traitlets.Int(0).tag(sync=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        declared = [vars(parent).items() for parent in reversed(cls.__mro__)]
        cls.parameters = tuple(
            dict.fromkeys(
                name for items in declared for name, kind in items if isinstance(kind, Parameter)
            )
        )
        cls._answers = {
            "_trace": _named(cls._compute, cls.parameters),
            "_detail": _named(cls._inspect, cls.parameters),
        }

    def __init__(self, **settings: Any) -> None:
        unknown = sorted(set(settings) - set(self.parameters))
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no {unknown[0]!r}. It takes "
                f"{', '.join(self.parameters)}."
            )
        self._lock = threading.RLock()
        self._taking = self._taken = False
        self._done: dict[str, dict[str, Any]] = {}
        self._arrays: dict[str, dict[str, Any]] = {}
        for name, value in settings.items():
            setattr(self, name, value)
        self._controls = {name: self._kind(name).control() for name in self.parameters}
        self._look = pack(_style.look())
        self._scene = pack(self._scene_arrays())
        self._answer(self._settings())
        # Last, because it opens the comm: all of the state then travels in that one message.
        super().__init__()
        self.observe(self._update, [*self.parameters, "_asked"])

    # What a widget defines.

    def _scene_arrays(self) -> Mapping[str, Any]:
        return {}

    def _compute(self, *args: Any, **settings: Any) -> Mapping[str, Any]:
        raise NotImplementedError

    def _inspect(self, *args: Any, **settings: Any) -> Mapping[str, Any]:
        return {}

    def _sent(self, arrays: Mapping[str, Any]) -> Mapping[str, Any]:
        """What of an answer travels: not what the browser can look up in the rest."""
        return arrays

    # What a student may read.

    @property
    def trace(self) -> dict[str, Any]:
        """The numbers behind the picture: name -> array or text, as last computed."""
        return {**self._arrays.get("_trace", {}), **self._arrays.get("_detail", {})}

    @property
    def error(self) -> str:
        """The rule that the settings break, or an empty text."""
        return self._error.get("message", "")

    def __repr__(self) -> str:
        shown = (
            f"{name}={self._kind(name).brief(getattr(self, name))}"
            for name in self.parameters
            if self._kind(name).metadata["shown"]
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    # How it works.

    @property
    def _esm(self) -> str:
        return source(self._stem())

    @property
    def _css(self) -> str:
        return style()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take settings from the browser; what is not legal is answered, never raised."""
        with self._lock:
            self._taking, self._taken = True, False
            try:
                super().set_state(sync_data)
            except (ValueError, TypeError) as error:
                self._asked = sync_data.get("_asked", self._asked)
                self._refuse(error, {})
                # The browser holds what was refused; this takes it back.
                self.send_state([name for name in sync_data if name in self.parameters])
                return
            finally:
                self._taking = False
            if self._taken:
                self._update()

    def _settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.parameters}

    def _kind(self, name: str) -> Parameter:
        return getattr(type(self), name)

    def _update(self, _change: Any = None) -> None:
        with self._lock:
            if self._taking:  # a message sets several traits and wants one answer
                self._taken = True
                return
            settings = self._settings()
            try:
                self._answer(settings)
            except ValueError as error:
                self._refuse(error, self._nearest(settings))

    def _answer(self, settings: dict[str, Any]) -> None:
        """Compute what has changed and send it in one message."""
        news = {}
        for answer, names in self._answers.items():
            inputs = {name: settings[name] for name in names}
            if self._done.get(answer) != inputs:
                news[answer] = inputs, self._method(answer)(**inputs)
        with self.hold_sync():
            for answer, (inputs, arrays) in news.items():
                self._done[answer], self._arrays[answer] = inputs, dict(arrays)
                setattr(self, answer, pack(self._sent(arrays)))
            self._settled, self._error, self._answered = settings, {}, self._asked

    def _refuse(self, error: Exception, remedy: dict[str, Any]) -> None:
        words = ", ".join(f"{name} = {self._kind(name).brief(remedy[name])}" for name in remedy)
        with self.hold_sync():
            self._error = {"message": str(error), "remedy": remedy, "label": f"Use {words}"}
            self._answered = self._asked

    def _nearest(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The smallest change that makes the settings legal: one parameter, or all of them back."""
        changed = [name for name in settings if settings[name] != self._settled.get(name)]
        for name in changed:
            for value in self._kind(name).candidates(settings[name]):
                if self._is_legal({**settings, name: value}):
                    return {name: value}
        return {name: self._settled[name] for name in changed}

    def _is_legal(self, settings: dict[str, Any]) -> bool:
        try:
            for answer, names in self._answers.items():
                self._method(answer)(**{name: settings[name] for name in names})
        except ValueError:
            return False
        return True

    def _method(self, answer: str) -> Any:
        return {"_trace": self._compute, "_detail": self._inspect}[answer]


def _named(method: Any, parameters: tuple[str, ...]) -> tuple[str, ...]:
    wanted = inspect.signature(method).parameters
    return tuple(name for name in parameters if name in wanted)
