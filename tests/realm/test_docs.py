from pathlib import Path

import pytest

from impersonator_api.realm import document, read_realm

REFERENCE = (Path(__file__).parents[2] / "docs/reference/realm.md").read_text("utf-8")
ENTRIES = (
    document.Realm,
    document.TenantSettings,
    document.Issuer,
    document.Match,
    document.Role,
    document.Grant,
    document.User,
    document.Workspace,
    document.Member,
    document.Client,
    document.Consent,
)


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_reference_names_every_key(entry: type[document.Entry]) -> None:
    words = REFERENCE.replace("`", " ").replace(",", " ").replace("{", " ").replace("}", " ").replace(".", " ")

    assert set(entry.model_fields) - set(words.replace(":", " ").split()) == set()


def test_the_reference_shows_a_realm_that_can_be_read() -> None:
    example = REFERENCE.split("```yaml\n")[1].split("```")[0]

    assert read_realm(example.encode())[0].realm.tenant == "acme"
