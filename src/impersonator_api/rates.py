"""How often something may happen, and where that is counted, as settings write it."""

from importlib.util import find_spec
from typing import Annotated
from urllib.parse import urlsplit

from limits import RateLimitItem, parse_many
from pydantic import AfterValidator, SecretStr

OFF = "off"
SCHEMES = frozenset({"redis", "rediss", "redis+unix", "valkey", "valkeys", "valkey+unix"})


def rates_of(text: str) -> tuple[RateLimitItem, ...]:
    """The limits that a setting names, all of which hold; raises `ValueError` for what is none."""
    if text == OFF:
        return ()
    try:
        rates = tuple(parse_many(text))
    except ValueError as error:
        raise ValueError("must be like 30/minute, or 30/minute,300/hour, or off") from error
    if any(rate.amount < 1 for rate in rates):
        raise ValueError("must let something through")
    return rates


def _readable(text: str) -> str:
    rates_of(text)
    return text


def _within_reach(url: SecretStr) -> SecretStr:
    if not _names_a_storage(url.get_secret_value()):
        raise ValueError("must be redis://, rediss:// or redis+unix://, or the same with valkey")
    if find_spec("redis") is None:
        raise ValueError("needs Redis's client: pip install 'impersonator-api[redis]'")
    return url


def _names_a_storage(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Reading the port is what checks it.
        place = parts.path if parts.scheme.endswith("+unix") else parts.hostname and (parts.port or True)
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(place)


Rate = Annotated[str, AfterValidator(_readable)]
StorageUrl = Annotated[SecretStr, AfterValidator(_within_reach)]
