"""Policy: laws nobody can switch off, and the document an organisation writes."""

from impersonator_api.policy.ask import Allowed, Ask, Decision, Denied, Mode, OnActive, Rights

__all__ = ["Allowed", "Ask", "Decision", "Denied", "Mode", "OnActive", "Rights"]
