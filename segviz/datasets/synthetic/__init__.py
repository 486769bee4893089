"""Pictures that the project draws itself, with exact labels: stand-ins for the real sets."""

from .membranes import membranes
from .nuclei import touching_nuclei
from .streets import streets
from .volumes import volumes

__all__ = ["membranes", "streets", "touching_nuclei", "volumes"]
