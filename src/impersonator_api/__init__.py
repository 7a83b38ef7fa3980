"""Act as a user with a right, a reason, a limit, an end and a record."""

from importlib.metadata import version

from impersonator_api.slim import load_slim

__version__ = version("impersonator-api")

# Nothing of ours is loaded before.
load_slim()
