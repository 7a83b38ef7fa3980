"""What clients publish their keys at."""

from callers.conftest import idp, server

__all__ = ["idp", "server"]
