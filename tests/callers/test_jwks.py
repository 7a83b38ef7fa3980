import asyncio
import time

import httpx
import pytest

from conftest import Clock
from forgery import Pair, pair
from impersonator_api.callers import IssuerKeys, fetching
from impersonator_api.callers.errors import IssuerKeysUnavailableError
from impersonator_api.callers.fetching import Fetcher
from impersonator_api.settings import Settings
from impersonator_api.tokens import VerifyingKey

from .conftest import Provider


class Asking:
    """One caller of the service under test."""

    def __init__(self, keys: IssuerKeys, idp: Provider, clock: Clock) -> None:
        self.keys, self.idp, self.clock = keys, idp, clock

    async def __call__(self, key: Pair | None = None, *, kid: str | None = None) -> VerifyingKey | None:
        wanted = key or self.idp.key
        return await self.keys.find_key(
            self.idp.jwks_uri, kid=kid or wanted.signing.kid, alg=wanted.signing.alg, now=self.clock()
        )


@pytest.fixture
def find(issuer_keys: IssuerKeys, idp: Provider, clock: Clock) -> Asking:
    return Asking(issuer_keys, idp, clock)


async def test_a_key_is_fetched_once_and_remembered(find: Asking, idp: Provider) -> None:
    found = [await find() for _ in range(3)]

    assert {key.kid for key in found if key} == {idp.key.signing.kid}
    assert idp.asked == 1


async def test_many_at_once_fetch_once(find: Asking, idp: Provider) -> None:
    idp.delay = 0.1

    found = await asyncio.gather(*(find() for _ in range(6)))

    assert all(found)
    assert idp.asked == 1


async def test_who_came_before_the_one_who_fetches_takes_what_comes(find: Asking, idp: Provider, clock: Clock) -> None:
    idp.delay, idp.status = 0.1, 500
    first = asyncio.create_task(find())
    await asyncio.sleep(0)
    clock.forward(milliseconds=-1)

    told = await asyncio.gather(first, find(), return_exceptions=True)

    assert [type(answer) for answer in told] == [IssuerKeysUnavailableError] * 2
    assert idp.asked == 1


async def test_a_slow_provider_does_not_hold_up_everybody(find: Asking, idp: Provider) -> None:
    idp.delay = 0.2

    told = await asyncio.gather(*(find() for _ in range(50)), return_exceptions=True)

    assert sum(isinstance(answer, VerifyingKey) for answer in told) == 6
    assert sum(isinstance(answer, IssuerKeysUnavailableError) for answer in told) == 44
    assert await find()


async def test_a_slow_provider_leaves_room_for_the_others(find: Asking, idp: Provider, clock: Clock) -> None:
    idp.delay = 0.2
    crowd = [asyncio.create_task(find()) for _ in range(50)]
    await asyncio.sleep(0)

    key = await find.keys.find_key(f"{idp.jwks_uri}?another", kid=idp.key.signing.kid, alg="ES256", now=clock())

    assert key is not None
    await asyncio.gather(*crowd, return_exceptions=True)


async def test_a_new_key_of_the_issuer_is_found_at_its_first_token(find: Asking, idp: Provider, clock: Clock) -> None:
    await find()
    clock.forward(seconds=30)
    idp.keys.append(pair())

    assert await find(idp.keys[-1])
    assert await find(idp.keys[0])


async def test_made_up_kids_fetch_at_most_every_thirty_seconds(find: Asking, idp: Provider, clock: Clock) -> None:
    await find()

    for attempt in range(50):
        assert await find(kid=f"made-up-{attempt}") is None
    clock.forward(seconds=29)
    assert await find(kid="made-up") is None
    asked_within = idp.asked
    clock.forward(seconds=1)
    assert await find(kid="made-up") is None

    assert (asked_within, idp.asked) == (1, 2)


async def test_a_clock_put_back_does_not_hide_a_new_key(find: Asking, idp: Provider, clock: Clock) -> None:
    await find()
    clock.forward(hours=-1)
    idp.keys.append(pair())

    assert await find(idp.keys[-1])


async def test_a_key_is_known_for_its_own_algorithm_only(find: Asking, idp: Provider, clock: Clock) -> None:
    (kid,) = {idp.key.signing.kid}

    assert await find.keys.find_key(idp.jwks_uri, kid=kid, alg="ES384", now=clock()) is None


async def test_old_keys_are_fetched_again_behind_the_request(find: Asking, idp: Provider, clock: Clock) -> None:
    await find()
    clock.forward(minutes=5)
    idp.delay = 0.1

    began = time.perf_counter()
    assert all(await asyncio.gather(*(find() for _ in range(5))))
    waited = time.perf_counter() - began
    await find.keys.settled()

    assert waited < 0.1
    assert idp.asked == 2


async def test_a_key_that_the_issuer_withdrew_is_forgotten(find: Asking, idp: Provider, clock: Clock) -> None:
    withdrawn = idp.key
    await find()
    idp.keys = [pair()]
    clock.forward(minutes=5)

    assert await find(withdrawn)
    await find.keys.settled()

    assert await find(withdrawn) is None


async def test_an_outage_keeps_known_keys(find: Asking, idp: Provider, clock: Clock) -> None:
    await find()
    idp.status = 500

    for _ in range(3):
        clock.forward(hours=1)
        assert await find()
        await find.keys.settled()

    assert idp.asked == 4


async def test_a_withdrawn_key_lets_nobody_in_after_a_long_quiet(find: Asking, idp: Provider, clock: Clock) -> None:
    withdrawn = idp.keys[0]
    await find(withdrawn)
    idp.keys[:] = [pair()]
    clock.forward(hours=1)

    assert await find(withdrawn) is None


async def test_an_outage_fails_closed_for_unknown_keys(find: Asking, idp: Provider, clock: Clock) -> None:
    await find()
    clock.forward(seconds=30)
    idp.status = 500

    for _ in range(3):
        with pytest.raises(IssuerKeysUnavailableError):
            await find(pair())

    assert idp.asked == 2


async def test_after_an_outage_unknown_keys_are_found_again(find: Asking, idp: Provider, clock: Clock) -> None:
    idp.status = 503
    with pytest.raises(IssuerKeysUnavailableError):
        await find()
    idp.status = 200
    clock.forward(seconds=30)

    assert await find()


async def test_a_provider_that_is_not_there_is_unavailable(issuer_keys: IssuerKeys, clock: Clock) -> None:
    with pytest.raises(IssuerKeysUnavailableError):
        await issuer_keys.find_key("http://127.0.0.1:1/jwks", kid="k", alg="ES256", now=clock())


async def test_a_provider_that_dawdles_is_unavailable(
    find: Asking, idp: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT", 0.05)
    idp.delay = 0.3

    with pytest.raises(IssuerKeysUnavailableError):
        await find()


@pytest.mark.parametrize("status", [204, 301, 302, 307, 404, 500])
async def test_only_ok_is_an_answer(find: Asking, idp: Provider, status: int) -> None:
    idp.status = status
    idp.headers = {"Location": idp.jwks_uri + "/elsewhere"}

    with pytest.raises(IssuerKeysUnavailableError):
        await find()

    assert idp.asked == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sign in</html>",
        b"\xff\xfe",
        b"[" * 100_000,
        b"1" * 5000,
        b"null",
        b"[]",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":[]}',
        b'{"keys":[null,1,"a",[],{}]}',
        b'{"keys":[' + b",".join([b"{}"] * 201) + b"]}",
        b'{"keys":[]}' + b" " * 512 * 1024,
    ],
    ids=lambda body: body[:20],
)
async def test_a_lying_provider_is_as_good_as_none(find: Asking, idp: Provider, body: bytes) -> None:
    idp.body = body

    with pytest.raises(IssuerKeysUnavailableError):
        await find()


async def test_a_compressed_answer_is_not_unpacked(find: Asking, idp: Provider) -> None:
    idp.headers = {"Content-Encoding": "gzip"}

    with pytest.raises(IssuerKeysUnavailableError):
        await find()


async def test_keys_that_are_not_for_us_are_passed_over(find: Asking, idp: Provider) -> None:
    good, private, rsa = idp.key.jwk, pair(), pair("RS256")
    idp.publish({"kty": "OKP", "kid": "ed"}, private.jwk | {"d": "AQAB"}, rsa.jwk | {"use": "enc"}, good)

    assert await find()
    assert await find(private) is None
    assert await find(rsa) is None


async def test_of_two_keys_with_one_name_the_first_is_meant(find: Asking, idp: Provider) -> None:
    first, second = pair(), pair()
    idp.publish(first.jwk, second.jwk | {"kid": first.signing.kid})

    found = await find(first)

    assert found is not None
    assert found.jose.verify(b"signed", first.signing.jose.sign(b"signed"))


@pytest.mark.parametrize(
    "uri", ["http://idp.test/jwks", "ftp://127.0.0.1/jwks", "file:///etc/passwd", "jwks", "http://[", "https://"]
)
async def test_keys_come_by_https_or_from_this_machine(issuer_keys: IssuerKeys, clock: Clock, uri: str) -> None:
    with pytest.raises(IssuerKeysUnavailableError):
        await issuer_keys.find_key(uri, kid="k", alg="ES256", now=clock())


async def test_production_takes_no_plain_http_from_anywhere(idp: Provider, clock: Clock) -> None:
    keys = IssuerKeys(lambda: Fetcher(httpx.AsyncClient(trust_env=False), allow_loopback_http=False))

    with pytest.raises(IssuerKeysUnavailableError):
        await keys.find_key(idp.jwks_uri, kid=idp.key.signing.kid, alg="ES256", now=clock())
    await keys.aclose()

    assert idp.asked == 0


async def test_closing_stops_what_runs_behind_requests(find: Asking, idp: Provider, clock: Clock) -> None:
    await find()
    clock.forward(minutes=5)
    idp.delay = 1.0
    await find()

    began = time.perf_counter()
    await find.keys.aclose()

    assert time.perf_counter() - began < 0.9


async def test_the_application_builds_it_from_the_settings(settings: Settings) -> None:
    keys = IssuerKeys.for_settings(settings)

    await keys.aclose()

    assert isinstance(keys, IssuerKeys)
