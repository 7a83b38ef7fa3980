"""oidc-provider for Node, on PostgreSQL: tokens as OAuth 2 has them."""

from bench.peers.oidc_provider.operations import CLIENT_CREDENTIALS, INTROSPECT, NAME, REFRESH
from bench.peers.oidc_provider.service import subject

__all__ = ["CLIENT_CREDENTIALS", "INTROSPECT", "NAME", "REFRESH", "subject"]
