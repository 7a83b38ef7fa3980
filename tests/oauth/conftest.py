"""What clients publish their keys at, and services that exchange tokens."""

from callers.conftest import idp, server
from oauth.exchanging import trade

__all__ = ["idp", "server", "trade"]
