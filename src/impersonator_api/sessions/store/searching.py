"""Sessions by the beginning of an e-mail address or by a whole ticket, be it a few among millions or most of them."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, FromClause, Subquery, and_, func, not_, or_, select, union, union_all

from impersonator_api.questions import Column, constant

LAST_LETTER = "\U0010ffff"
"""No text has it, so whatever begins with a text lies between that text and that text with this letter."""

Values = Mapping[str, Column]


def searched(sessions: FromClause, found: ColumnElement[bool], values: Values, *, at_most: int) -> Subquery:
    """The ids of what is searched for, by way of each column's index; of each way no more than that many."""
    each = [
        select(sessions.c.id).where(found, way).limit(constant(at_most)).subquery() for way in _ways(sessions, values)
    ]
    return union(*[select(ids.c.id) for ids in each]).subquery()


def newest_searched(
    sessions: FromClause,
    here: ColumnElement[bool],
    values: Values,
    *,
    found: FromClause,
    found_at_most: int,
    limit: int,
) -> Subquery:
    """The newest sessions that are searched for and lie `here`; `found` are the ids of all, up to `found_at_most`.

    One plan has to serve a text that nobody has and one that everybody has. Few are taken by their ids; where there
    are too many, the newest sessions are gone through, and it does not take long to meet some. Which it is, PostgreSQL
    counts first, and the other way is not gone at all.
    """
    are_few = select(func.count()).select_from(found).scalar_subquery() < constant(found_at_most)
    few = select(sessions).where(here, sessions.c.id.in_(select(found.c.id)), are_few)
    many = select(sessions).where(here, is_searched(sessions, values), not_(are_few))
    ways = [each.order_by(sessions.c.id.desc()).limit(constant(limit)).subquery() for each in (few, many)]
    either = union_all(*[select(way) for way in ways]).subquery()
    return select(either).order_by(either.c.id.desc()).subquery()


def is_searched(sessions: FromClause, values: Values) -> ColumnElement[bool]:
    """The condition itself, where there are few to be gone through."""
    return or_(*_ways(sessions, values))


def _ways(sessions: FromClause, values: Values) -> tuple[ColumnElement[bool], ...]:
    return (
        _begins(func.lower(sessions.c.impersonator_email), values),
        _begins(func.lower(sessions.c.target_email), values),
        sessions.c.ticket == values["q"],
    )


def _begins(text: Column, values: Values) -> ColumnElement[bool]:
    """The comparisons of `text_pattern_ops`, letter by letter; of LIKE by a parameter no index knows the beginning."""
    return and_(text.bool_op("~>=~")(values["beginning"]), text.bool_op("~<~")(values["beyond"]))
