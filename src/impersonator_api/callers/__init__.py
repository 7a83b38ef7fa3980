"""Callers: from a request's token to whoever sent it, by our own tokens or those of trusted issuers."""

from impersonator_api.callers.acquaintances import Acquaintance, Acquaintances
from impersonator_api.callers.bearer import Credentials, find_credentials
from impersonator_api.callers.caller import Caller, ImpersonationCaller, Login, ServiceCaller, UserCaller
from impersonator_api.callers.jwk_set import registered_keys
from impersonator_api.callers.jwks import IssuerKeys
from impersonator_api.callers.load import Foresee, ask_about, load_caller, load_caller_and, load_caller_and_many
from impersonator_api.callers.question import CallerQuestion
from impersonator_api.callers.store import Further

__all__ = [
    "Acquaintance",
    "Acquaintances",
    "Caller",
    "CallerQuestion",
    "Credentials",
    "Foresee",
    "Further",
    "ImpersonationCaller",
    "IssuerKeys",
    "Login",
    "ServiceCaller",
    "UserCaller",
    "ask_about",
    "find_credentials",
    "load_caller",
    "load_caller_and",
    "load_caller_and_many",
    "registered_keys",
]
