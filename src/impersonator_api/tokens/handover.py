"""One-time codes that pass a running session to a browser, and the proof that it is the browser that asked."""

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta
from hmac import compare_digest
from secrets import token_urlsafe

from impersonator_api.tokens.store import (
    HandoverBinding,
    HandoverState,
    handover_codes_deleted,
    handover_codes_inserted,
)
from impersonator_api.work import Work

LIFETIME = timedelta(seconds=60)
"""Long enough to follow a link, too short to be found in somebody's history."""

KEPT = timedelta(days=1)
"""How long an expired code is remembered, so that its return can be told from a made-up one."""

DROPPED_AT_ONCE = 5000

ENTROPY = 32
"""Bytes, so that a fast digest is safe and nobody guesses one."""

CHALLENGE = r"[A-Za-z0-9_-]{43}"
"""RFC 7636 §4.2: the base64url of a SHA-256. The method `plain` is not offered."""

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
"""RFC 7636 §4.1."""


def mint_handover_codes(work: Work, binding: HandoverBinding, redirect_uris: Sequence[str]) -> Mapping[str, str]:
    """A code for each redirect URI; what is stored of it is its digest."""
    codes = {uri: token_urlsafe(ENTROPY) for uri in redirect_uris}
    work.write(handover_codes_inserted(binding, [(handover_digest(code), uri) for uri, code in codes.items()]))
    return codes


def handover_digest(code: str) -> bytes:
    """What a code is found by."""
    return hashlib.sha256(code.encode()).digest()


def is_proven(state: HandoverState, code_verifier: str | None) -> bool:
    """Whether it is the browser that asked (RFC 7636 §4.6), where one asked.

    A verifier without a challenge is refused too, or an attacker could put a code of his own into somebody
    else's page (RFC 9700 §4.8.2).
    """
    if state.code_challenge is None or code_verifier is None:
        return state.code_challenge is None and code_verifier is None
    digest = hashlib.sha256(code_verifier.encode()).digest()
    challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
    return VERIFIER.fullmatch(code_verifier) is not None and compare_digest(challenge, state.code_challenge)


async def drop_handover_codes(work: Work) -> int:
    """Forget codes a day after they expired; answers how many. For the worker."""
    dropped = 0
    while met := (await work.read(handover_codes_deleted(work.now - KEPT, DROPPED_AT_ONCE))).scalar_one():
        dropped += met
    return dropped
