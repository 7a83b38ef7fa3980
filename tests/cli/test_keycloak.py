"""`impersonator apply --keycloak` tries a real directory at once, and never by accident."""

from pathlib import Path

import pytest

from cli.conftest import Command

EXPORT = Path(__file__).parents[1] / "realm/keycloak-export.json"


@pytest.fixture(autouse=True)
def own_database(
    run: Command,  # noqa: ARG001  sets first what this changes
    fresh_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A client's id is one tenant's alone, so each test imports into an empty database."""
    monkeypatch.setenv("IMPERSONATOR_DATABASE_URL", fresh_database_url)


@pytest.fixture
def imported(run: Command, slug: str) -> str:
    outcome = run("apply", EXPORT, "--keycloak", "--tenant", slug)
    assert outcome.code == 0, outcome.err
    return slug


def test_an_import_makes_a_tenant_and_says_what_was_left_out(run: Command, slug: str) -> None:
    outcome = run("apply", EXPORT, "--keycloak", "--tenant", slug, "--json")

    (tenant,) = outcome.json["tenants"]
    assert tenant["tenant"] == slug
    assert "users" in {change["kind"] for change in tenant["created"]}
    assert outcome.err.startswith("note: ")


def test_without_a_map_nobody_is_mighty(run: Command, imported: str) -> None:
    text = run("export", "--tenant", imported).out

    assert "rank: 0" in text
    assert "impersonation.start" not in text


def test_a_map_gives_roles_their_worth(run: Command, slug: str, tmp_path: Path) -> None:
    roles = tmp_path / "roles.yaml"
    roles.write_text("owner: {rank: 50, permissions: [impersonation.start]}\n")

    run("apply", EXPORT, "--keycloak", "--tenant", slug, "--roles", roles)

    assert "impersonation.start" in run("export", "--tenant", slug).out


def test_an_issuer_is_trusted_where_it_is_named(run: Command, slug: str) -> None:
    issuer = f"https://sso.{slug}.test/realms/shop"

    run("apply", EXPORT, "--keycloak", "--tenant", slug, "--issuer", issuer)

    assert f"{issuer}/protocol/openid-connect/certs" in run("export", "--tenant", slug).out


def test_an_export_without_the_option_is_told_apart(run: Command) -> None:
    outcome = run("apply", EXPORT)

    assert outcome.code == 1
    assert outcome.err.startswith("error[keycloak-export]: ")


def test_the_imports_options_go_with_the_import(run: Command, tmp_path: Path) -> None:
    (tmp_path / "realm.yaml").write_text("tenant: acme\n")

    assert run("apply", tmp_path / "realm.yaml", "--issuer", "https://sso.example.test").code == 2
