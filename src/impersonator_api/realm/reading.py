"""From bytes to realms: every fault of a file is found at once, each with its line and path."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from impersonator_api.policy import InvalidPolicyError, PolicyDocument, parse_document
from impersonator_api.realm.document import Realm
from impersonator_api.realm.errors import Fault, InvalidRealmError, Path
from impersonator_api.realm.places import Faults, Place
from impersonator_api.realm.yaml_lines import read_documents

IN_OUR_WORDS = {
    "missing": "is required",
    "extra_forbidden": "is not a key of the realm file",
    "string_type": "must be text; put it in quotes",
    "bool_type": "must be true or false",
    "model_type": "must be a mapping of keys to values",
    "dict_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "int_type": "must be a whole number",
    "timezone_aware": "needs a time zone, such as 2027-01-31T12:00:00Z",
    "datetime_from_date_parsing": "must be a moment such as 2027-01-31T12:00:00Z",
}
"""By pydantic's type of error; its own words are for programmers."""
PATH_PART = re.compile(r"\[(\d+)\]|([^.\[]+)")
KINDS: Mapping[str, Callable[[Any], object]] = {
    "issuers": lambda entry: entry.issuer,
    "roles": lambda entry: entry.name,
    "workspaces": lambda entry: entry.slug,
    "clients": lambda entry: entry.client_id,
    "consents": lambda entry: (entry.user, entry.client),
}
"""What may be in a realm once, by the key it is known by; users have two and are looked at later."""


@dataclass(frozen=True, slots=True)
class Document:
    """A realm, its policy if it has one, and where it was written."""

    realm: Realm
    place: Place
    policy: PolicyDocument | None = None


def read_realm(source: bytes, file: str = "realm.yaml") -> list[Document]:
    """The realms of a file; raises `InvalidRealmError` with all its faults."""
    read = read_documents(source, file)
    if not read:
        raise InvalidRealmError([Fault(file, None, "", "is empty; it must hold at least `tenant:`")])
    return parsed((document.value, Place(file, document.spot)) for document in read)


def parsed(written: Iterable[tuple[object, Place]]) -> list[Document]:
    """Realms of plain values, checked; raises `InvalidRealmError` with all faults of all of them."""
    documents: list[Document] = []
    faults: list[Fault] = []
    for value, place in written:
        found = _parse(value, Faults(place))
        if isinstance(found, Document):
            documents.append(found)
        else:
            faults.extend(found)
    faults.extend(_tenants_twice(documents))
    if faults:
        raise InvalidRealmError(faults)
    return documents


def _parse(value: object, faults: Faults) -> Document | list[Fault]:
    policy = None
    try:
        realm = Realm.model_validate(value)
    except ValidationError as error:
        for path, message in told(error):
            faults.add(path, message)
        return faults.found
    if realm.policy is not None:
        policy = _policy(realm.policy, faults)
    _twice(realm, faults)
    return faults.found or Document(realm=realm, place=faults.place, policy=policy)


def told(error: ValidationError) -> Iterator[tuple[Path, str]]:
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        message = IN_OUR_WORDS.get(fault["type"], fault["msg"].removeprefix("Value error, "))
        yield fault["loc"], message.replace("Input should", "must").replace("String should", "must")


def _policy(written: dict[str, Any], faults: Faults) -> PolicyDocument | None:
    try:
        return parse_document(written)
    except InvalidPolicyError as error:
        for fault in cast("list[dict[str, str]]", error.members["errors"]):
            faults.add(("policy", *_split(fault["path"])), fault["message"])
        return None


def _split(path: str) -> Path:
    return tuple(int(index) if index else word for index, word in PATH_PART.findall(path))


def _twice(realm: Realm, faults: Faults) -> None:
    for kind, key_of in KINDS.items():
        seen = set[object]()
        for index, entry in enumerate(getattr(realm, kind)):
            if (key := key_of(entry)) in seen:
                faults.add((kind, index), "is there twice")
            seen.add(key)


def _tenants_twice(documents: Sequence[Document]) -> Iterator[Fault]:
    known = Counter[str]()
    for document in documents:
        known[document.realm.tenant] += 1
        if known[document.realm.tenant] > 1:
            yield document.place.fault(("tenant",), "is there twice; write one document for each tenant")
