"""Where in a file each value was written, so that an error can name its line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from impersonator_api.realm.errors import Fault, Path, written


@dataclass(frozen=True, slots=True)
class Spot:
    """The line of one value, and the spots of what it holds."""

    line: int
    children: Mapping[str | int, "Spot"] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of what is there, or of the nearest thing around what is missing."""
        spot = self
        for part in path:
            if part not in spot.children:
                break
            spot = spot.children[part]
        return spot.line


@dataclass(frozen=True, slots=True)
class Place:
    """One document of one file; without a spot, of something that never was a file."""

    file: str
    spot: Spot | None = None

    def fault(self, path: Path, message: str) -> Fault:
        """A fault at that path of the document."""
        line = self.spot.line_of(path) if self.spot else None
        return Fault(file=self.file, line=line, path=written(path), message=message)


@dataclass(slots=True)
class Faults:
    """The faults found so far in one document: all are told at once."""

    place: Place
    found: list[Fault] = field(default_factory=list)

    def add(self, path: Path, message: str) -> None:
        """Remember a fault and go on looking."""
        self.found.append(self.place.fault(path, message))

    def extend(self, faults: Sequence[Fault]) -> None:
        """Remember faults found elsewhere."""
        self.found.extend(faults)
