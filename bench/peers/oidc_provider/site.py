"""oidc-provider as its clients see it."""

from dataclasses import dataclass

from bench.wire import Credentials, post_form

TOKEN, INTROSPECT = "/token", "/token/introspection"
SPA, SERVICE = "portal", "backoffice"
SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105  of a server that lives for minutes, on loopback


@dataclass(frozen=True, slots=True)
class Site:
    """A running server, and the tokens that its people hold."""

    port: int
    refresh_tokens: list[str]
    """One for each connection; each is replaced by the next."""
    access_tokens: list[str]
    service: Credentials

    def refresh(self, token: str) -> bytes:
        """A SPA asks for its next tokens."""
        return post_form(TOKEN, {"grant_type": "refresh_token", "refresh_token": token, "client_id": SPA})

    def introspect(self, token: str) -> bytes:
        """A service asks what a token is worth."""
        return post_form(INTROSPECT, {"token": token}, self.service)

    def client_credentials(self) -> bytes:
        """A service asks for a token of its own."""
        return post_form(TOKEN, {"grant_type": "client_credentials", "scope": "read"}, self.service)
