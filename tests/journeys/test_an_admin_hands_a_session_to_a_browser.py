"""An admin panel opens a link, and the application behind it is the user's: the code works once, for it alone."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from secrets import token_urlsafe
from urllib.parse import parse_qs

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from builders import audit_of, make_tenant
from conftest import ActingAs

HANDOVER = "urn:impersonator:params:oauth:grant-type:handover"


async def sent_by_the_browser(http: httpx.AsyncClient, form: dict[str, str]) -> httpx.Response:
    request = http.build_request("POST", "/oauth2/v1/token", data=form)
    # The application knows nothing of Ana's own token.
    del request.headers["Authorization"]
    return await http.send(request)


async def test_an_admin_hands_a_session_to_a_browser(engine: AsyncEngine, acting_as: ActingAs) -> None:
    acme = await make_tenant(engine)
    ana, bob = await acme.person("ana", "super_admin"), await acme.person("bob", "customer")
    dashboard = await acme.client("dashboard", redirect_uris=["https://app.example.test/cb", "https://b.test/#/cb"])
    http = await acting_as(ana)

    # Ana's browser keeps a verifier, and sends its challenge along.
    verifier = token_urlsafe(32)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    wish = {"target_user_id": str(bob.id), "client_id": dashboard, "code_challenge": challenge}
    started = (await http.post("/api/admin/impersonate", json=wish)).raise_for_status().json()
    assert [link["redirect_uri"] for link in started["handover"]] == [
        "https://app.example.test/cb",
        "https://b.test/#/cb",
    ]
    assert started["handover"][0]["query_url"] is None

    # The link has the code in its fragment, which no server sees.
    url, _, fragment = started["handover_url"].partition("#")
    assert url == "https://app.example.test/cb"
    form = {
        "grant_type": HANDOVER,
        "code": parse_qs(fragment)["handover_code"][0],
        "client_id": dashboard,
        "redirect_uri": "https://app.example.test/cb",
        "code_verifier": verifier,
    }
    tokens = (await sent_by_the_browser(http, form)).raise_for_status().json()
    assert tokens["scope"] == "offline_access profile"

    # It is Bob's session, with Ana in it, and the panel's own tokens go on beside it.
    seen = await http.get("/oauth2/v1/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert (seen.json()["sub"], seen.json()["sid"]) == (str(bob.id), started["session_id"])
    assert seen.json()["act"]["sub"] == str(ana.id)
    for token in (tokens["refresh_token"], started["refresh_token"]):
        refresh = {"grant_type": "refresh_token", "refresh_token": token, "client_id": dashboard}
        assert (await sent_by_the_browser(http, refresh)).status_code == 200

    # A reload sends the code again: it is refused and written down, and nothing else happens.
    again = await sent_by_the_browser(http, form)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert {(entry.action, entry.code) for entry in await audit_of(engine, acme)} == {
        ("session.started", None),
        ("session.handed_over", None),
        ("session.refreshed", None),
        ("token.replayed", "handover_reused"),
    }
    (await http.post("/api/admin/impersonate/end")).raise_for_status()
