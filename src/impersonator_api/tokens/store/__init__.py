"""What the tokens' tables are asked and told."""

from impersonator_api.tokens.store.handover_codes import (
    HandoverBinding,
    HandoverState,
    handed_over_session_id,
    handover_code_json,
    handover_code_used,
    handover_codes_deleted,
    handover_codes_inserted,
    handover_state_from,
)
from impersonator_api.tokens.store.refresh_tokens import (
    RefreshState,
    RefreshToken,
    SuccessorState,
    refresh_state_from,
    refresh_token_inserted,
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
from impersonator_api.tokens.store.used_ids import id_used, is_id_used, used_ids_deleted

__all__ = [
    "KEYS_LOCK",
    "HandoverBinding",
    "HandoverState",
    "KeyState",
    "RefreshState",
    "RefreshToken",
    "StoredKey",
    "SuccessorState",
    "all_keys",
    "handed_over_session_id",
    "handover_code_json",
    "handover_code_used",
    "handover_codes_deleted",
    "handover_codes_inserted",
    "handover_state_from",
    "id_used",
    "is_id_used",
    "key_inserted",
    "key_moved",
    "key_resealed",
    "locked_keys",
    "refresh_state_from",
    "refresh_token_inserted",
    "refresh_token_json",
    "refresh_token_used",
    "retired_keys_deleted",
    "used_ids_deleted",
]
