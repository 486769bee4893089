"""Pictures that the project draws itself, with exact labels: stand-ins for the real sets."""

from .membranes import membranes

__all__ = ["membranes"]
