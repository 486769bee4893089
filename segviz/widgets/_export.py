"""What a widget leaves where no kernel runs: a still, pages, films and pictures."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any, ClassVar

from segviz.plot import _style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Exportable:
    """The part of a widget's base that outlives the kernel."""

    _offline: ClassVar[tuple[str, ...]] = ()

    # What a widget defines.

    def _still(self) -> Figure:
        raise NotImplementedError

    def _describe(self) -> str:
        return f"{self!r}."

    def _frames(self) -> int:
        """Number of steps of the animation as it is set now."""
        return 1

    def _frame(self, step: int) -> Figure:
        """The still at one step, 0 to ``_frames() - 1``; all steps have one size."""
        return self._still()

    # How it works.

    def _stem(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        shown = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        if shown is None:
            return None
        bundle, metadata = shown
        bundle["image/png"] = base64.b64encode(self._png()).decode()
        metadata["image/png"] = {"alt": self._describe()}
        return bundle, metadata

    def _png(self) -> bytes:
        file = io.BytesIO()
        self._still().savefig(file, format="png", dpi=_style.DPI)
        return _style.few_colours(file.getvalue())
