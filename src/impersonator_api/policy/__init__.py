"""Policy: laws nobody can switch off, and the document an organisation writes."""

from impersonator_api.policy.ask import Allowed, Ask, Decision, Denied, LoggedIn, Mode, OnActive, Rights
from impersonator_api.policy.builtin import BUILT_IN, BUILT_IN_VERSION
from impersonator_api.policy.decide import Finding, Trace, decide, explain
from impersonator_api.policy.document import PolicyDocument
from impersonator_api.policy.errors import (
    ConsentRequiredError,
    DurationExceedsError,
    ImpersonationRefusedError,
    InsufficientUserAuthenticationError,
    InvalidPolicyError,
    PermissionExceedsError,
    refusal_for,
)
from impersonator_api.policy.laws import LAWS
from impersonator_api.policy.parsing import as_mapping, document_from_json, parse_document, to_json
from impersonator_api.policy.requirements import REQUIREMENTS
from impersonator_api.policy.store import current_document, document_in_force, inserted

__all__ = [
    "BUILT_IN",
    "BUILT_IN_VERSION",
    "LAWS",
    "REQUIREMENTS",
    "Allowed",
    "Ask",
    "ConsentRequiredError",
    "Decision",
    "Denied",
    "DurationExceedsError",
    "Finding",
    "ImpersonationRefusedError",
    "InsufficientUserAuthenticationError",
    "InvalidPolicyError",
    "LoggedIn",
    "Mode",
    "OnActive",
    "PermissionExceedsError",
    "PolicyDocument",
    "Rights",
    "Trace",
    "as_mapping",
    "current_document",
    "decide",
    "document_from_json",
    "document_in_force",
    "explain",
    "inserted",
    "parse_document",
    "refusal_for",
    "to_json",
]
