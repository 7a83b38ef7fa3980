"""What the demo prints when it is ready: lines to copy, each of which works."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
HANDOVER: Final = "urn:impersonator:params:oauth:grant-type:handover"
A_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  the name of a kind of token
USER_ID: Final = "urn:impersonator:params:oauth:token-type:user-id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who appears in the demo, with the credentials to do so."""

    url: str
    admin: str
    admin_token: str
    token_lifetime: timedelta
    target: str
    target_id: str
    app: str
    app_redirect_uri: str
    service: str
    service_secret: str


def guide(cast: Cast) -> str:
    """The next steps, to be copied into a shell line by line or all at once."""
    minutes = int(cast.token_lifetime.total_seconds() // 60)
    steps = (
        (f"Log in as {cast.admin}: an ordinary access token, good for {minutes} minutes", _log_in(cast)),
        (f"Start: act as {cast.target} in the {cast.app}. The answer holds the tokens", _start(cast)),
        ("Look: userinfo says whom the token stands for, and in act who is really there", _look()),
        (
            f"Hand over: the start's link has a code that gets the {cast.app} its tokens; once, for a minute",
            _trade(cast),
        ),
        ("Refresh, as the SPA would", _refresh(cast)),
        ("List who acts as whom", _list()),
        ("End: the access token above is dead at once, whatever its exp says (401)", f"{_end()}\n{_look()}"),
        (f"Service to service: {cast.service} logs in and gets a SPA {cast.target}'s tokens", _service(cast)),
        (f"Token exchange: a token for {cast.service}, with {cast.admin} in act; then ask about it", _exchange(cast)),
    )
    return "\n".join(f"# {number}. {title}\n{lines}\n" for number, (title, lines) in enumerate(steps, start=1))


def _log_in(cast: Cast) -> str:
    return f"URL={cast.url}\nTOKEN={cast.admin_token}"


def _start(cast: Cast) -> str:
    body = f'{{"target_user_id":"{cast.target_id}","client_id":"{cast.app}","reason":"Locked out since this morning"}}'
    return "\n".join(
        (
            f'STARTED=$(curl -sS $URL/api/admin/impersonate {_bearer("TOKEN")} {_json(body)}); echo "$STARTED"',
            f'ACCESS=$(echo "$STARTED" | {_member("access_token")})',
            f'REFRESH=$(echo "$STARTED" | {_member("refresh_token")})',
        )
    )


def _look() -> str:
    return f"curl -sS $URL/oauth2/v1/userinfo {_bearer('ACCESS')}; echo"


def _trade(cast: Cast) -> str:
    form = f"-d grant_type={HANDOVER} -d client_id={cast.app} -d redirect_uri={cast.app_redirect_uri} -d code=$CODE"
    return f"CODE=$(echo \"$STARTED\" | {_member('handover_url')} | sed 's/.*=//')\n{_token(form)}; echo"


def _refresh(cast: Cast) -> str:
    form = f"-d grant_type=refresh_token -d client_id={cast.app} -d refresh_token=$REFRESH"
    return f"{_token(form)}; echo"


def _list() -> str:
    return f'curl -sS "$URL/api/admin/impersonate/sessions?status=active" {_bearer("TOKEN")}; echo'


def _end() -> str:
    return f"curl -sS $URL/api/admin/impersonate/end {_bearer('TOKEN')} {_json('{}')}; echo"


def _service(cast: Cast) -> str:
    log_in = _token(f"{_secret(cast)} -d grant_type=client_credentials")
    path = f"$URL/api/v1/users/{cast.target_id}/impersonation/{cast.app}"
    body = '-H \'Content-Type: application/json\' -d "{\\"impersonatorToken\\":\\"$TOKEN\\"}"'
    return f"SERVICE=$({log_in} | {_member('access_token')})\ncurl -sS {path} {_bearer('SERVICE')} {body}; echo"


def _exchange(cast: Cast) -> str:
    subject = f"-d subject_token={cast.target_id} -d subject_token_type={USER_ID}"
    actor = f"-d actor_token=$TOKEN -d actor_token_type={A_TOKEN}"
    exchanged = _token(f"{_secret(cast)} -d grant_type={EXCHANGE} {subject} {actor}")
    asked = f"curl -sS $URL/oauth2/v1/introspect {_secret(cast)} -d token=$EXCHANGED; echo"
    return f"EXCHANGED=$({exchanged} | {_member('access_token')})\n{asked}"


def _token(form: str) -> str:
    return f"curl -sS $URL/oauth2/v1/token {form}"


def _secret(cast: Cast) -> str:
    return f"-u {cast.service}:{cast.service_secret}"


def _bearer(variable: str) -> str:
    return f'-H "Authorization: Bearer ${variable}"'


def _json(body: str) -> str:
    return f"-H 'Content-Type: application/json' -d '{body}'"


def _member(name: str) -> str:
    """A member of a JSON object, with nothing that a bare machine lacks."""
    return rf"""sed 's/.*"{name}":"\([^"]*\)".*/\1/'"""
