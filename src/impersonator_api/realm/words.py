"""The kinds of text a realm is made of, each with its bounds: what passes here, every column and header can hold."""

import re
from typing import Annotated, TypeVar
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

from impersonator_api.settings import is_loopback

T = TypeVar("T")

LARGEST_RANK = 1_000_000
LARGEST_NUMBER = 999_999_999
"""A client's number is looked up where at most nine digits stand."""
LONGEST_URI = 2000
LONGEST_ATTRIBUTES = 16 * 1024
MOST_ITEMS = 1000

# A private-use scheme is a reversed domain name (RFC 8252 §7.1), so neither `javascript` nor `data` is one.
PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+", re.ASCII)
EMAIL = re.compile(r"[^\s@\"<>()]+@[^\s@\"<>()]+")
LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*", re.ASCII)
SLUG = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)
WORKSPACE_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
CLIENT_ID = re.compile(r"[a-z][a-z0-9._-]{1,62}", re.ASCII)
SUBJECT = re.compile(r"external_id|id|claim:[A-Za-z0-9_.:/-]{1,200}", re.ASCII)
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}", re.ASCII)  # RFC 6749 §3.3


def said(value: object) -> object:
    """Refuse `key:` with nothing behind it where nothing has no meaning."""
    if value is None:
        raise ValueError("is empty; give it a value or leave the key out")
    return value


def printable(text: str) -> str:
    """Refuse control characters (NUL above all), lone surrogates and spaces around a text."""
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be printable and must not begin or end with a space")
    return text


def storable(value: object) -> object:
    """Refuse what JSON in PostgreSQL cannot hold, however deep it lies."""
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise ValueError("must not hold NUL or lone surrogates")
    if isinstance(value, dict):
        for key, held in value.items():
            storable(key)
            storable(held)
    if isinstance(value, list):
        for held in value:
            storable(held)
    return value


def _text_of(value: object) -> object:
    # Identity providers have ids that are numbers; YAML reads them as such.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _email(text: str) -> str:
    if not EMAIL.fullmatch(text):
        raise ValueError("must look like name@domain")
    return text


def _locale(text: str) -> str:
    if not LOCALE.fullmatch(text):
        raise ValueError("must be a language tag such as en or pt-BR")
    return text


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise ValueError("must be lower-case letters, digits and hyphens, beginning with a letter, at most 63")
    return text


def is_uuid(text: str) -> bool:
    """Whether a name could be taken for one of our ids."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _workspace_slug(text: str) -> str:
    if not WORKSPACE_SLUG.fullmatch(text) or is_uuid(text):
        raise ValueError("must be lower-case letters, digits and .-_, at most 63, and not look like a UUID")
    return text


def client_id(text: str) -> str:
    """Refuse a client id that could be taken for a user or an id (RFC 9700 §4.15)."""
    if not CLIENT_ID.fullmatch(text) or is_uuid(text):
        raise ValueError("must match [a-z][a-z0-9._-]{1,62} and not look like a UUID")
    return text


def _permission(text: str) -> str:
    if " " in text:
        raise ValueError("must be one word")
    return text


def _scope(text: str) -> str:
    if not SCOPE.fullmatch(text):
        raise ValueError("must be one word of visible ASCII, at most 100 characters")
    return text


def _subject(text: str) -> str:
    if not SUBJECT.fullmatch(text):
        raise ValueError("must be external_id, id or claim:<name>")
    if "email" in text.lower():
        # Threat: whoever may change an address at the provider, or takes over a freed one, would be that user here.
        raise ValueError("an e-mail address does not identify anybody; use a claim that never changes hands")
    return text


def _claim_value(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if not isinstance(value, int):
        raise ValueError("must be text, a whole number, true or false")  # noqa: TRY004  # pydantic takes no TypeError.
    return value


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise ValueError("must be a URL") from error
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("must be a URL of visible ASCII characters")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password")
    return parts


def _web_address(text: str) -> str:
    parts = _split(text)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.fragment:
        raise ValueError("must be an https URL without fragment")
    if parts.scheme == "http" and not is_loopback(text):
        raise ValueError("must be https; http is for loopback in development only")
    return text


def _issuer(text: str) -> str:
    if urlsplit(text).query:
        raise ValueError("must not have a query")  # RFC 8414 §2
    return text


def _redirect_uri(text: str) -> str:
    parts = _split(text)
    if "*" in text:
        raise ValueError("must be written out; wildcards are not supported")
    if PRIVATE_SCHEME.fullmatch(parts.scheme):
        return text
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("must be absolute: https, or a private scheme such as com.example.app:/callback")
    if parts.scheme == "http" and not is_loopback(text):
        raise ValueError("must be https; http is for loopback in development only")
    return text


def _each_once(values: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(values)) < len(values):
        raise ValueError("each may be named once")
    return values


Text = Annotated[str, Field(strict=True, min_length=1, max_length=255), AfterValidator(printable)]
ExternalId = Annotated[Text, BeforeValidator(_text_of)]
Email = Annotated[Text, AfterValidator(_email)]
Locale = Annotated[Text, AfterValidator(_locale)]
ClaimValue = Annotated[object, AfterValidator(_claim_value)]
Slug = Annotated[str, Field(strict=True), AfterValidator(_slug)]
WorkspaceSlug = Annotated[str, Field(strict=True), AfterValidator(_workspace_slug)]
ClientName = Annotated[str, Field(strict=True), AfterValidator(client_id)]
PermissionName = Annotated[Text, AfterValidator(_permission)]
ScopeName = Annotated[str, Field(strict=True), AfterValidator(_scope)]
SubjectClaim = Annotated[str, Field(strict=True), AfterValidator(_subject)]
WebAddress = Annotated[str, Field(strict=True, max_length=LONGEST_URI), AfterValidator(_web_address)]
IssuerName = Annotated[WebAddress, AfterValidator(_issuer)]
RedirectUri = Annotated[str, Field(strict=True, max_length=LONGEST_URI), AfterValidator(_redirect_uri)]
YesOrNo = Annotated[bool, Field(strict=True)]
Rank = Annotated[int, Field(strict=True, ge=0, le=LARGEST_RANK)]
Number = Annotated[int, Field(strict=True, ge=1, le=LARGEST_NUMBER)]
Listed = Annotated[tuple[T, ...], Field(max_length=MOST_ITEMS)]
Names = Annotated[Listed[T], AfterValidator(_each_once)]
Said = Annotated[T, BeforeValidator(said)]
