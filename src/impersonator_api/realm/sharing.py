"""One issuer in several tenants: only where each of its tokens belongs to exactly one of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from impersonator_api.directory import inventory
from impersonator_api.realm.errors import Fault
from impersonator_api.realm.reading import Document
from impersonator_api.work import Work

Row = Mapping[str, Any]


async def refuse_shared_issuers(work: Work, documents: Sequence[Document]) -> list[Fault]:
    """The faults of issuers as they are stored once all documents are written, under the issuers' lock."""
    places = {
        (document.realm.tenant, issuer.issuer): document.place.fault(("issuers", index), "")
        for document in documents
        for index, issuer in enumerate(document.realm.issuers)
    }
    names = {issuer for _, issuer in places}
    rows = await inventory.listings_of(work, names) if names else []
    faults = []
    for (tenant, issuer), place in places.items():
        listings = [row for row in rows if row["issuer"] == issuer]
        if tenant in {row["slug"] for row in listings} and (message := _what_is_wrong(listings)):
            faults.append(Fault(place.file, place.line, place.path, message))
    return faults


def _what_is_wrong(listings: Sequence[Row]) -> str | None:
    if len(listings) < 2:  # noqa: PLR2004  # Shared means by two.
        return None
    matches = [row["match"] or {} for row in listings]
    if not all(matches) or len({match["claim"] for match in matches}) > 1:
        return "is listed by another tenant too: each needs `match`, on the same claim"
    if len({match["equals"] for match in matches}) < len(matches):
        return "is listed by another tenant with the same `match`: each needs a value of its own"
    if len({row["jwks_uri"] for row in listings}) > 1:
        return "is listed by another tenant with another jwks_uri: one issuer has one"
    return None
