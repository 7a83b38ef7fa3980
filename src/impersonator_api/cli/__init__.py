"""The command line: what operators and newcomers type."""

from impersonator_api.cli.program import app, main

__all__ = ["app", "main"]
