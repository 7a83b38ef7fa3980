"""Tokens: what they say, who signs them, and whether to believe one."""

from impersonator_api.tokens.assertions import verify_assertion
from impersonator_api.tokens.binding import bound_key, token_type
from impersonator_api.tokens.claims import (
    REFRESH,
    Actor,
    Identity,
    ImpersonationGrant,
    OrdinaryGrant,
    ServiceGrant,
    acting_claims,
    actors_of,
    delegated_act,
)
from impersonator_api.tokens.compact import UnverifiedToken, read_unverified
from impersonator_api.tokens.dpop import SentProofs, verify_proof
from impersonator_api.tokens.errors import InvalidProofError, InvalidTokenError, KeyUnusableError, TokenMalformedError
from impersonator_api.tokens.handover import (
    CHALLENGE,
    drop_handover_codes,
    handover_digest,
    is_proven,
    mint_handover_codes,
)
from impersonator_api.tokens.handover import LIFETIME as HANDOVER_LIFETIME
from impersonator_api.tokens.jwa import VerifyingKey, assert_backend
from impersonator_api.tokens.jwk import VERIFIABLE, parse_public_jwk
from impersonator_api.tokens.jws import Expected, VerifiedClaims, verify
from impersonator_api.tokens.key_life import ScheduledKey
from impersonator_api.tokens.keys import (
    SigningAlgorithm,
    drop_retired_keys,
    ensure_keys,
    list_keys,
    list_scheduled_keys,
    replace_compromised_key,
    rewrap_keys,
    rotate_due_keys,
    rotate_keys,
)
from impersonator_api.tokens.mint import (
    Minted,
    MintedRefresh,
    mint_access,
    mint_ordinary,
    mint_refresh,
    mint_service,
    sign_access_again,
    sign_refresh_again,
)
from impersonator_api.tokens.once import forget_used_ids, use_once
from impersonator_api.tokens.ring import KeyRing, KeyRingSnapshot
from impersonator_api.tokens.sealing import MasterKeys, load_master_keys
from impersonator_api.tokens.store import (
    HandoverBinding,
    HandoverState,
    KeyState,
    RefreshState,
    RefreshToken,
    StoredKey,
    handed_over_session_id,
    handover_code_json,
    handover_code_used,
    handover_state_from,
    refresh_state_from,
    refresh_token_inserted,
    refresh_token_json,
    refresh_token_used,
    with_successor,
)
from impersonator_api.tokens.verifying import verify_access_token, verify_refresh_token

__all__ = [
    "CHALLENGE",
    "HANDOVER_LIFETIME",
    "REFRESH",
    "VERIFIABLE",
    "Actor",
    "Expected",
    "HandoverBinding",
    "HandoverState",
    "Identity",
    "ImpersonationGrant",
    "InvalidProofError",
    "InvalidTokenError",
    "KeyRing",
    "KeyRingSnapshot",
    "KeyState",
    "KeyUnusableError",
    "MasterKeys",
    "Minted",
    "MintedRefresh",
    "OrdinaryGrant",
    "RefreshState",
    "RefreshToken",
    "ScheduledKey",
    "SentProofs",
    "ServiceGrant",
    "SigningAlgorithm",
    "StoredKey",
    "TokenMalformedError",
    "UnverifiedToken",
    "VerifiedClaims",
    "VerifyingKey",
    "acting_claims",
    "actors_of",
    "assert_backend",
    "bound_key",
    "delegated_act",
    "drop_handover_codes",
    "drop_retired_keys",
    "ensure_keys",
    "forget_used_ids",
    "handed_over_session_id",
    "handover_code_json",
    "handover_code_used",
    "handover_digest",
    "handover_state_from",
    "is_proven",
    "list_keys",
    "list_scheduled_keys",
    "load_master_keys",
    "mint_access",
    "mint_handover_codes",
    "mint_ordinary",
    "mint_refresh",
    "mint_service",
    "parse_public_jwk",
    "read_unverified",
    "refresh_state_from",
    "refresh_token_inserted",
    "refresh_token_json",
    "refresh_token_used",
    "replace_compromised_key",
    "rewrap_keys",
    "rotate_due_keys",
    "rotate_keys",
    "sign_access_again",
    "sign_refresh_again",
    "token_type",
    "use_once",
    "verify",
    "verify_access_token",
    "verify_assertion",
    "verify_proof",
    "verify_refresh_token",
    "with_successor",
]
