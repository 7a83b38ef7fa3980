"""What is wrong with a realm, each fault with its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from typing_extensions import override

from impersonator_api.errors import InvalidError, NotFoundError

LONGEST_KEY = 64

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong; `str()` gives `realm.yaml:12: users[3].email: …`."""

    file: str
    line: int | None
    path: str
    message: str

    @override
    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (where, self.path, self.message) if part)


class InvalidRealmError(InvalidError):
    """A realm that cannot be applied; nothing was changed. `faults` are all that were found, in order."""

    code = "invalid-realm"
    title = "Invalid realm"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line or 0)))
        super().__init__("\n".join(str(fault) for fault in self.faults), faults=[str(fault) for fault in self.faults])


def written(path: Path) -> str:
    """A path the way people write it: `users[3].email`; keys are input, so what a terminal would obey is masked."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in path)
    return text.removeprefix(".")


def _shown(key: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in key[:LONGEST_KEY])


class UnknownTenantError(NotFoundError):
    """No tenant has that slug."""

    code = "unknown-tenant"
    title = "Unknown tenant"
