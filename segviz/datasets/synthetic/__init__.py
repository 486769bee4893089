"""Pictures that the project draws itself, with exact labels: stand-ins for the real sets."""

from .membranes import membranes
from .nuclei import touching_nuclei

__all__ = ["membranes", "touching_nuclei"]
