"""Moments come back as they were sent, to the microsecond."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import DateTime, Text, bindparam, cast, select

from impersonator_api.work import Desk, Work

EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 1, 2, 3, 456_789, tzinfo=timezone(timedelta(hours=2)))
BEFORE_2000 = datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


async def sent(work: Work, *, moment: datetime) -> tuple[datetime, str]:
    given = bindparam("moment", moment, type_=DateTime(timezone=True))
    row = (await work.read(select(given.label("read"), cast(given, Text).label("shown")))).one()
    return row["read"], row["shown"]


@pytest.mark.parametrize("moment", [EARLIEST, BEFORE_2000, SUMMER, LATEST])
async def test_a_moment_comes_back_as_it_was_sent(desk: Desk, moment: datetime) -> None:
    read, _ = await desk.run(sent, moment=moment)

    assert read == moment
    assert read.tzinfo is UTC


async def test_postgresql_understands_the_same_moment(desk: Desk) -> None:
    _, shown = await desk.run(sent, moment=SUMMER)

    assert shown == "2026-06-30 23:02:03.456789+00"
