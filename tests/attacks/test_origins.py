"""Browsers are told to share answers with the origins of registered SPAs, and with nobody whose name looks alike."""

import pytest

from attacks.doors import LOGOUT, TOKEN, USERINFO, Scene, bearer

ALLOWED = "https://app.example.test"  # of every SPA that a test makes

LOOK_ALIKE = [
    "https://app.example.test.evil.test",
    "https://app.example.tes",
    "https://evil-app.example.test",
    "https://app.example.test@evil.test",
    "https://app.example.test:444",
    "https://app.example.test/",
    "https://app.example.test/callback",
    "http://app.example.test",
    "HTTPS://app.example.test",
    "https://%",
    "https:/",
    "https:",
    "null",
    "*",
    "",
    "https://app.example.test, https://evil.test",
]


@pytest.mark.parametrize("path", [TOKEN, USERINFO, LOGOUT])
@pytest.mark.parametrize("origin", LOOK_ALIKE)
async def test_an_origin_that_looks_alike_is_told_nothing(scene: Scene, path: str, origin: str) -> None:
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}

    preflight = await scene.doors.http.options(path, headers=asks)
    answer = await scene.doors.http.post(path, headers={"Origin": origin})

    for each in (preflight, answer):
        assert "access-control-allow-origin" not in each.headers
        assert "origin" in each.headers["vary"].lower()


async def test_two_origins_are_none(scene: Scene) -> None:
    headers = [("Origin", ALLOWED), ("Origin", ALLOWED)]

    answer = await scene.doors.http.post(TOKEN, headers=headers)

    assert "access-control-allow-origin" not in answer.headers


async def test_no_origin_may_bring_cookies_along(scene: Scene) -> None:
    headers = {"Origin": ALLOWED} | bearer(scene.ana_token)

    answer = await scene.doors.http.get(USERINFO, headers=headers)

    assert answer.headers["access-control-allow-origin"] == ALLOWED
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/api/admin/impersonate", "/impersonation/start", "/oauth2/v1/introspect"])
async def test_management_is_nothing_for_other_sites_scripts(scene: Scene, path: str) -> None:
    asks = {"Origin": ALLOWED, "Access-Control-Request-Method": "POST"}

    preflight = await scene.doors.http.options(path, headers=asks)

    assert "access-control-allow-origin" not in preflight.headers
