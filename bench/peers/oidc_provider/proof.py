"""That oidc-provider's doors do what they are measured for."""

import json
from base64 import urlsafe_b64decode
from http import HTTPStatus
from typing import Any

from bench.load import answers_of
from bench.peers.oidc_provider.site import Site
from bench.peers.proof import prove
from bench.talk import Expected

OWN = -1
"""Somebody whose tokens are not measured with: they end here."""


async def proved(site: Site) -> None:
    """Tokens are ES256 JWTs, a used one is refused with its family, and a revoked one is dead; raises `ProofError`."""
    first, access = site.refresh_tokens[OWN], site.access_tokens[OWN]
    rotated, own, live = await _json(site, site.refresh(first), site.client_credentials(), site.introspect(access))
    for name, answer in (("refresh", rotated), ("client credentials", own)):
        prove(f"{name} answers ES256 JWTs", is_so=_header(answer["access_token"])["alg"] == "ES256")
    prove("a refresh rotates", is_so=rotated["refresh_token"] != first)
    prove("a live token is active", is_so=live["active"])
    refused = Expected(status=HTTPStatus.BAD_REQUEST, words=b'"invalid_grant"')
    for token in (first, rotated["refresh_token"]):
        await answers_of(site.port, [site.refresh(token)], connections=1, expected=refused)
    [dead] = await _json(site, site.introspect(access))
    prove("a replay ends the whole family", is_so=not dead["active"])


async def _json(site: Site, *requests: bytes) -> list[Any]:
    return [json.loads(body) for body in await answers_of(site.port, requests, connections=1)]


def _header(token: str) -> Any:  # noqa: ANN401  JSON
    return json.loads(urlsafe_b64decode(token.partition(".")[0] + "=="))
