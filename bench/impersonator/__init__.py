"""Our own service as a subject of measurement."""

from bench.impersonator.service import subject

__all__ = ["subject"]
