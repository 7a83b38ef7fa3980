"""Fetching the keys of a foreign issuer over HTTP, never from anywhere and never more than a bit."""

import asyncio
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from impersonator_api.callers.jwk_set import UnusableAnswerError
from impersonator_api.settings import is_loopback

TIMEOUT: Final = 5.0
"""Seconds for one fetch, from the first packet to the last byte."""

MAX_BYTES: Final = 512 * 1024


class Fetcher:
    """Fetches by an HTTP client of its own."""

    def __init__(self, http: httpx.AsyncClient, *, allow_loopback_http: bool) -> None:
        """Plain http is for development on this machine alone."""
        self._http = http
        self._allow_loopback_http = allow_loopback_http

    @classmethod
    def usual(cls, *, allow_loopback_http: bool) -> Self:
        """The one that a service uses."""
        # Fetches are minutes apart: a kept connection would mostly be one that the other side has closed.
        limits = httpx.Limits(max_keepalive_connections=0)
        http = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, limits=limits)
        return cls(http, allow_loopback_http=allow_loopback_http)

    async def fetch(self, jwks_uri: str) -> bytes:
        """What is published there; raises `UnusableAnswerError`, `TimeoutError`, and `ValueError` for no address."""
        self._refuse_plain_http(jwks_uri)
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._read(jwks_uri)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnusableAnswerError(str(error) or type(error).__name__) from error

    async def aclose(self) -> None:
        """Let the connections go."""
        await self._http.aclose()

    async def _read(self, jwks_uri: str) -> bytes:
        # A compressed answer could be small on the wire and huge here.
        headers = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}
        async with self._http.stream("GET", jwks_uri, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise UnusableAnswerError(f"status {response.status_code}")
            if "content-encoding" in response.headers:
                raise UnusableAnswerError("compressed")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise UnusableAnswerError("too large")
            return bytes(body)

    def _refuse_plain_http(self, jwks_uri: str) -> None:
        is_fit = urlsplit(jwks_uri).scheme == "https" or (self._allow_loopback_http and is_loopback(jwks_uri))
        if not is_fit:
            raise UnusableAnswerError("neither https nor, in development, http on loopback")
