"""The command line: what operators and newcomers type."""

from impersonator_api.cli.running import main

__all__ = ["main"]
