"""What the tokens' tables are asked and told."""

from impersonator_api.tokens.store.refresh_tokens import (
    RefreshState,
    RefreshToken,
    SuccessorState,
    refresh_state_from,
    refresh_token_inserted,
    refresh_token_inserted_after,
    refresh_token_json,
    refresh_token_used,
)
from impersonator_api.tokens.store.signing_keys import (
    KEYS_LOCK,
    KeyState,
    StoredKey,
    all_keys,
    key_inserted,
    key_moved,
    key_resealed,
    locked_keys,
    retired_keys_deleted,
)

__all__ = [
    "KEYS_LOCK",
    "KeyState",
    "RefreshState",
    "RefreshToken",
    "StoredKey",
    "SuccessorState",
    "all_keys",
    "key_inserted",
    "key_moved",
    "key_resealed",
    "locked_keys",
    "refresh_state_from",
    "refresh_token_inserted",
    "refresh_token_inserted_after",
    "refresh_token_json",
    "refresh_token_used",
    "retired_keys_deleted",
]
