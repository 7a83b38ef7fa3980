"""Tokens: what they say, who signs them, and whether to believe one."""

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
from impersonator_api.tokens.errors import InvalidTokenError, KeyUnusableError, TokenMalformedError
from impersonator_api.tokens.jwk import VERIFIABLE, parse_public_jwk
from impersonator_api.tokens.jws import Expected, VerifiedClaims, VerifyingKey, assert_backend, verify
from impersonator_api.tokens.keys import (
    SigningAlgorithm,
    drop_retired_keys,
    ensure_keys,
    list_keys,
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
    sign_refresh_again,
)
from impersonator_api.tokens.ring import KeyRing, KeyRingSnapshot
from impersonator_api.tokens.sealing import MasterKeys, load_master_keys
from impersonator_api.tokens.store import (
    KeyState,
    RefreshState,
    RefreshToken,
    StoredKey,
    refresh_state_from,
    refresh_token_inserted,
    refresh_token_inserted_after,
    refresh_token_json,
    refresh_token_used,
)
from impersonator_api.tokens.verifying import verify_access_token, verify_refresh_token

__all__ = [
    "REFRESH",
    "VERIFIABLE",
    "Actor",
    "Expected",
    "Identity",
    "ImpersonationGrant",
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
    "delegated_act",
    "drop_retired_keys",
    "ensure_keys",
    "list_keys",
    "load_master_keys",
    "mint_access",
    "mint_ordinary",
    "mint_refresh",
    "mint_service",
    "parse_public_jwk",
    "read_unverified",
    "refresh_state_from",
    "refresh_token_inserted",
    "refresh_token_inserted_after",
    "refresh_token_json",
    "refresh_token_used",
    "replace_compromised_key",
    "rewrap_keys",
    "rotate_due_keys",
    "rotate_keys",
    "sign_refresh_again",
    "verify",
    "verify_access_token",
    "verify_refresh_token",
]
