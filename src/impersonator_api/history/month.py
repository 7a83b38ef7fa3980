"""A month, as partitions are cut and called; the first 48 bits of an id are its moment (ADR 0011)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from typing_extensions import override

WRITTEN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
PARTITION = re.compile(r".+_y(\d{4})m(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of UTC."""

    year: int
    number: int

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """The month of a moment."""
        there = moment.astimezone(UTC)
        return cls(there.year, there.month)

    @classmethod
    def read(cls, text: str) -> Self:
        """The month behind `2026-01`; raises `ValueError`."""
        return cls._matched(WRITTEN.fullmatch(text), text)

    @classmethod
    def of_partition(cls, name: str) -> Self:
        """The month of a partition by its name; raises `ValueError` for any other table."""
        return cls._matched(PARTITION.fullmatch(name), name)

    @classmethod
    def _matched(cls, match: re.Match[str] | None, text: str) -> Self:
        if match is None:
            raise ValueError(f"{text} is no month; write it as 2026-01")
        return cls(int(match[1]), int(match[2]))

    def later(self, months: int) -> "Month":
        """The month so many months after this one."""
        years, number = divmod(self.number - 1 + months, 12)
        return Month(self.year + years, number + 1)

    @property
    def first_at(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def first_id(self) -> UUID:
        """The least id of its first moment."""
        return UUID(int=int(self.first_at.timestamp() * 1000) << 80)

    def partition_of(self, table: str) -> str:
        """What a table's partition of this month is called."""
        return f"{table}_y{self.year:04}m{self.number:02}"

    @override
    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"
