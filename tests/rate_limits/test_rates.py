"""What settings may say of rate limits."""

import sys

import pytest
from pydantic import SecretStr, ValidationError

from impersonator_api.rates import rates_of
from impersonator_api.settings import Settings

PASSWORD = "a-password-in-a-url"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("30/minute", ["30 per 1 minute"]),
        ("5 per 10 seconds", ["5 per 10 second"]),
        ("30/minute,300/hour", ["30 per 1 minute", "300 per 1 hour"]),
        ("30/minute; 300/hour", ["30 per 1 minute", "300 per 1 hour"]),
        ("off", []),
    ],
)
def test_a_rate_is_written_as_limits_has_it(text: str, meaning: list[str]) -> None:
    assert [repr(rate) for rate in rates_of(text)] == meaning


@pytest.mark.parametrize("text", ["", "30", "a lot", "30/fortnight", "-1/minute", "0/minute", "30/minute,", "OFF"])
@pytest.mark.parametrize(
    "name", ["failed_rate_limit", "failed_address_rate_limit", "token_rate_limit", "start_rate_limit"]
)
def test_an_unreadable_rate_stops_the_start(name: str, text: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings.model_validate({name: text})


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        f"rediss://user:{PASSWORD}@redis.test:6380/2",
        "redis+unix:///run/redis.sock?db=1",
        "valkey://[::1]:6379/0",
        "valkeys://valkey.test",
        "valkey+unix:///run/valkey.sock",
    ],
)
def test_storages_that_speak_redis_are_known(url: str) -> None:
    settings = Settings(rate_limit_storage_url=SecretStr(url))

    assert settings.rate_limit_storage_url == SecretStr(url)


@pytest.mark.parametrize(
    "url", ["", "localhost", "memory://", "memcached://localhost", "redis://", "redis://host:port", "redis+unix://"]
)
def test_any_other_storage_stops_the_start(url: str) -> None:
    with pytest.raises(ValidationError, match="must be redis://"):
        Settings(rate_limit_storage_url=SecretStr(url))


def test_a_missing_client_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)

    with pytest.raises(ValidationError, match=r"pip install 'impersonator-api\[redis\]'"):
        Settings(rate_limit_storage_url=SecretStr("redis://localhost"))


def test_a_complaint_never_shows_the_password() -> None:
    with pytest.raises(ValidationError) as raised:
        Settings(rate_limit_storage_url=SecretStr(f"http://user:{PASSWORD}@redis.test"))

    assert PASSWORD not in str(raised.value)
