"""Our own service as a subject of measurement."""

from bench.impersonator.operations import MEASURED_SMALL, NAME, SMALL
from bench.impersonator.service import subject

__all__ = ["MEASURED_SMALL", "NAME", "SMALL", "subject"]
