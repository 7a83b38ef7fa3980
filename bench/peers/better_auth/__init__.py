"""better-auth for Node, with its admin plugin: impersonation by cookies."""

from bench.peers.better_auth.operations import IMPERSONATE, IMPERSONATE_ALONE, LIST, NAME, STOP
from bench.peers.better_auth.service import subject

__all__ = ["IMPERSONATE", "IMPERSONATE_ALONE", "LIST", "NAME", "STOP", "subject"]
