"""Where a token may come from: the header first, a cookie at home only, the URL never."""

from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from attacks.doors import END, SESSIONS, START, TOKEN, USERINFO, Scene, bearer
from builders import active_sessions

DOORS = [("POST", START), ("POST", END), ("GET", SESSIONS), ("GET", f"{SESSIONS}/x"), ("GET", USERINFO)]


def cookie(token: str, **headers: str) -> dict[str, str]:
    return {"Cookie": f"auth_token={token}"} | {name.replace("_", "-"): value for name, value in headers.items()}


async def ask_to_start(scene: Scene, headers: dict[str, str] | list[tuple[str, str]]) -> httpx.Response:
    return await scene.doors.http.post(START, json={"target_user_id": str(scene.bob.id)}, headers=headers)


@pytest.mark.parametrize(("method", "path"), [*DOORS, ("POST", "/api/v1/users/x/impersonation/y")])
async def test_a_token_in_the_query_string_is_refused(scene: Scene, method: str, path: str) -> None:
    for headers in ({}, bearer(scene.ana_token), cookie(scene.ana_token)):
        answer = await scene.doors.http.request(method, path, params={"access_token": scene.ana_token}, headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (400, "token-in-query")
        assert scene.ana_token not in answer.text


async def test_a_refresh_token_in_the_query_string_is_not_read(scene: Scene) -> None:
    started = await scene.started()
    form = {"grant_type": "refresh_token", "refresh_token": started["refresh_token"], "client_id": scene.spa}

    whole = await scene.doors.http.post(TOKEN, params=form, data={})
    half = await scene.doors.http.post(TOKEN, params=form, data={"grant_type": "refresh_token"})

    assert {answer.status_code for answer in (whole, half)} == {400}
    assert started["refresh_token"] not in whole.text + half.text


async def test_an_explicit_bearer_wins_over_a_cookie(scene: Scene) -> None:
    headers = cookie(scene.ana_token) | bearer(scene.bob_token)

    answer = await scene.doors.http.get(USERINFO, headers=headers)

    assert answer.json()["authId"] == str(scene.bob.id)


@pytest.mark.parametrize("authorization", ["Bearer garbage", "Bearer", "Basic YTpi", "", "Token abc"])
async def test_a_bad_authorization_header_never_falls_back_to_the_cookie(
    engine: AsyncEngine, scene: Scene, authorization: str
) -> None:
    headers = cookie(scene.ana_token, Sec_Fetch_Site="same-origin") | {"Authorization": authorization}

    answer = await ask_to_start(scene, headers)

    assert answer.status_code == 401
    assert await active_sessions(engine, scene.ana) == []


@pytest.mark.parametrize("header", ["Authorization", "Cookie"])
async def test_two_identities_in_one_request_are_refused(scene: Scene, header: str) -> None:
    prefix = "Bearer " if header == "Authorization" else "auth_token="
    headers = [(header, prefix + token) for token in (scene.ana_token, scene.bob_token)]

    answer = await scene.doors.http.get(USERINFO, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "several-credentials")


async def test_two_cookies_in_one_header_are_two_identities(scene: Scene) -> None:
    headers = {"Cookie": f"auth_token={scene.ana_token}; auth_token={scene.bob_token}"}

    answer = await scene.doors.http.get(USERINFO, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "several-credentials")


@pytest.mark.parametrize(
    "site", [None, "cross-site", "same-site", "none", "SAME-ORIGIN", "same-origin, cross-site", ""]
)
@pytest.mark.parametrize("path", [START, END])
async def test_another_sites_request_changes_nothing_by_a_cookie(
    engine: AsyncEngine, scene: Scene, path: str, site: str | None
) -> None:
    started = await scene.started()
    headers = cookie(scene.ana_token, **({} if site is None else {"Sec_Fetch_Site": site}))

    answer = await scene.doors.http.post(path, json={}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert [str(each.id) for each in await active_sessions(engine, scene.ana)] == [started["session_id"]]


async def test_a_site_named_twice_is_not_this_one(scene: Scene) -> None:
    sites = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-origin")]
    for order in (sites, sites[::-1]):
        answer = await ask_to_start(scene, [("Cookie", f"auth_token={scene.ana_token}"), *order])

        assert answer.status_code == 403


async def test_a_cookie_at_home_is_as_good_as_a_header(scene: Scene) -> None:
    answer = await ask_to_start(scene, cookie(scene.ana_token, Sec_Fetch_Site="same-origin"))

    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "authentication",
    [
        {"auth": ("SERVICE", "wrong")},
        {"auth": ("nobody", "wrong")},
        {"auth": ("SPA", "")},
        {"form": {"client_id": "SERVICE", "client_secret": "wrong"}},
        {"form": {"client_id": "SERVICE"}},
    ],
)
async def test_a_client_that_proves_nothing_gets_nothing(scene: Scene, authentication: dict[str, Any]) -> None:
    names = {"SERVICE": scene.backoffice, "SPA": scene.spa}
    form = {name: names.get(value, value) for name, value in authentication.get("form", {}).items()}
    user, password = authentication.get("auth", ("", ""))
    auth = httpx.BasicAuth(names.get(user, user), password) if user else httpx.Auth()

    answer = await scene.doors.http.post(TOKEN, data={"grant_type": "client_credentials"} | form, auth=auth)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
