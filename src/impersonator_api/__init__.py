"""Act as a user with a right, a reason, a limit, an end and a record."""

from importlib.metadata import version

__version__ = version("impersonator-api")
