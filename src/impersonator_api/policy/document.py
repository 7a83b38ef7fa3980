"""What an organisation writes: who may act as whom, where, how far, how long, and what for.

The parser refuses what it does not know; nothing in a document is ever ignored in silence.
"""

import re
from datetime import timedelta
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from impersonator_api.policy.ask import Mode, OnActive, Rights
from impersonator_api.policy.spans import Span
from impersonator_api.policy.tickets import TicketPattern

T = TypeVar("T")

ACR = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""The letters of a scope (RFC 6749 §3.3), which need no escaping in a header field."""

USUAL = timedelta(minutes=30)
USUAL_MAX = timedelta(minutes=60)
LONGEST_REASON = 500
LONGEST_ACRS = 512
"""Of all acr values of a rule together, in characters: they are answered in a header field."""

MOST_ITEMS = 100
"""Of rules in a document and of names in a list."""


def _said(value: object) -> object:
    # Threat: in YAML a key with nothing behind it is null, and `targets:` alone must not come to mean everybody.
    if value is None:
        raise ValueError("is empty; give it a value or leave the key out")
    return value


def _printable(name: str) -> str:
    if not name.isprintable() or name != name.strip():
        raise ValueError("must be printable and must not begin or end with a space")
    return name


def _one_word(permission: str) -> str:
    if " " in permission or permission == "*":
        raise ValueError("must be one word and not *; leave `permissions` out to grant whatever the target holds")
    return permission


def _a_list(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise ValueError("write a list")  # noqa: TRY004  # pydantic takes ValueError for an answer, not TypeError.
    return value


def _each_once(values: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(values)) < len(values):
        raise ValueError("each may be named once")
    return values


def _fits_a_header(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(" ".join(values)) > LONGEST_ACRS:
        raise ValueError(f"must not be longer than {LONGEST_ACRS} characters together")
    return values


def _plain_word(acr: str) -> str:
    # Threat: they are answered within quotes, several of them divided by spaces (RFC 9470 §3).
    if not ACR.fullmatch(acr):
        raise ValueError("must be one word of ASCII without quotes and backslashes")
    return acr


Maybe = Annotated[T | None, BeforeValidator(_said)]
Listed = Annotated[tuple[T, ...], Field(max_length=MOST_ITEMS), BeforeValidator(_a_list), AfterValidator(_each_once)]
Some = Annotated[Listed[T], Field(min_length=1)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=255), AfterValidator(_printable)]
PermissionName = Annotated[Name, AfterValidator(_one_word)]
RuleName = Annotated[str, Field(strict=True, pattern=r"\A[a-z0-9][a-z0-9._-]{0,63}\z")]
ClientName = Annotated[str, Field(strict=True, pattern=r"\A[a-z][a-z0-9._-]{1,62}\z")]
Acr = Annotated[str, Field(strict=True), AfterValidator(_plain_word)]
Acrs = Annotated[Some[Acr], AfterValidator(_fits_a_header)]
Slots = Annotated[int, Field(strict=True, ge=1, le=100)]
YesOrNo = Annotated[bool, Field(strict=True)]


class Part(BaseModel):
    """A part of the document: frozen, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Impersonators(Part):
    """Who may act: any of the roles, these users (id or external id), or these services for themselves."""

    roles: Maybe[Some[Name]] = None
    clients: Maybe[Some[ClientName]] = None
    users: Maybe[Some[Name]] = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not (self.roles or self.clients or self.users):
            raise ValueError("name at least one role, client or user")
        return self


class Targets(Part):
    """Who may be acted as: any of the roles, or these users (id or external id)."""

    roles: Maybe[Some[Name]] = None
    users: Maybe[Some[Name]] = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not (self.roles or self.users):
            raise ValueError("name at least one role or user, or leave `targets` out for everybody of lower rank")
        return self


def _usual(said: dict[str, timedelta]) -> timedelta:
    return min(USUAL, said["max"])


class Duration(Part):
    """How long a session lives: `default` where nothing is asked for, never beyond `max`."""

    max: Span = USUAL_MAX
    default: Span = Field(default_factory=_usual)

    @model_validator(mode="after")
    def _default_within_max(self) -> Self:
        if self.default > self.max:
            raise ValueError("default must not be longer than max")
        return self


class Reason(Part):
    """A reason of at least so many characters, runs of white space counted as one."""

    min_length: Annotated[int, Field(strict=True, ge=1, le=LONGEST_REASON)] = 1


class Ticket(Part):
    """A ticket whose whole number has this form."""

    pattern: TicketPattern


class StepUp(Part):
    """A login by one of these methods, or not older than that, or both (RFC 9470)."""

    acr: Maybe[Acrs] = None
    max_age: Maybe[Span] = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.acr or self.max_age):
            raise ValueError("name acr or max_age")
        return self


def _reason(value: object) -> object:
    return {} if value is True else value


class Require(Part):
    """What a start must bring along."""

    reason: Annotated[Maybe[Reason], BeforeValidator(_reason)] = None
    ticket: Maybe[Ticket] = None
    step_up: Maybe[StepUp] = None


class Rule(Part):
    """One rule; the first whose impersonators, targets and clients fit decides."""

    name: RuleName
    impersonators: Impersonators
    targets: Maybe[Targets] = None
    clients: Maybe[Some[ClientName]] = None
    # Reading is the least that helps; whoever wants more writes it down.
    modes: Some[Mode] = (Mode.READ_ONLY,)
    permissions: Maybe[Listed[PermissionName]] = None
    rights: Rights = Rights.TARGET
    privileged_targets: YesOrNo = False
    duration: Duration = Duration()
    require: Require = Require()
    max_active: Maybe[Slots] = None


def _names_unique(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    if len({rule.name for rule in rules}) < len(rules):
        raise ValueError("each rule needs a name of its own")
    return rules


Rules = Annotated[
    tuple[Rule, ...], Field(max_length=MOST_ITEMS), BeforeValidator(_a_list), AfterValidator(_names_unique)
]


class PolicyDocument(Part):
    """A tenant's whole policy. No rules means nobody may act as anybody."""

    version: Annotated[int, Field(strict=True, ge=1, le=1)]  # of the document's form; only the first exists
    on_active: Maybe[OnActive] = None
    max_active: Slots = 1
    rules: Rules
