"""`impersonator policy` checks a document, and explains what a start would meet."""

from pathlib import Path

from cli.conftest import Command

GOOD = """
version: 1
rules:
  - name: support
    impersonators: {roles: [support]}
    modes: [read_only]
"""


def _file(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text)
    return path


def test_a_good_document_names_its_rules(run: Command, tmp_path: Path) -> None:
    outcome = run("policy", "check", _file(tmp_path, GOOD))

    assert outcome.code == 0
    assert "1 rules" in outcome.out
    assert "  support\n" in outcome.out


def test_a_machine_sees_every_default_spelled_out(run: Command, tmp_path: Path) -> None:
    answer = run("policy", "check", _file(tmp_path, GOOD), "--json").json

    assert answer["valid"] is True
    assert answer["document"]["rules"][0]["rights"] == "target"


def test_every_fault_comes_with_its_line(run: Command, tmp_path: Path) -> None:
    file = _file(tmp_path, GOOD.replace("read_only", "everything").replace("name: support", "nam: support"))

    outcome = run("policy", "check", file)

    assert outcome.code == 1
    assert f"{file}:4: rules[0].name" in outcome.err
    assert f"{file}:6: rules[0].modes[0]" in outcome.err


def test_what_comes_with_a_later_release_is_refused_by_name(run: Command, tmp_path: Path) -> None:
    file = _file(tmp_path, f"{GOOD}    require: {{approval: {{quorum: 1}}}}\n")

    assert "require.approval arrives with the governance release" in run("policy", "check", file).err


def test_a_realm_file_is_for_apply(run: Command, tmp_path: Path) -> None:
    outcome = run("policy", "check", _file(tmp_path, "tenant: acme\n"))

    assert outcome.err.startswith("error[not-a-policy]: ")
    assert "apply" in outcome.err


def test_an_allowed_start_names_its_rule(run: Command, acme: str) -> None:
    outcome = run(
        "policy", "explain", "--tenant", acme, "--impersonator", "1001", "--target", f"carla@{acme}.test", "--json"
    )

    assert outcome.code == 0
    assert outcome.json["allowed"] is True
    assert outcome.json["decision"]["rule"]


def test_a_refused_start_names_the_law_and_exits_1(run: Command, acme: str) -> None:
    outcome = run("policy", "explain", "--tenant", acme, "--impersonator", "1003", "--target", "1001")

    assert outcome.code == 1
    assert outcome.out.startswith("Refused by has-the-right: ")
    assert "  no  only-downwards: " in outcome.out


def test_a_service_may_be_the_one_who_acts(run: Command, acme: str) -> None:
    outcome = run("policy", "explain", "--tenant", acme, "--impersonator", f"backoffice-{acme}", "--target", "1003")

    assert outcome.code == 1
    assert "has-the-right" in outcome.out


def test_explaining_starts_nothing(run: Command, acme: str) -> None:
    run("policy", "explain", "--tenant", acme, "--impersonator", "1001", "--target", "1003")

    assert run("sessions", "list", "--tenant", acme, "--json").json == []
