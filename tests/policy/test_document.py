from typing import Any

import pytest

from impersonator_api.policy import InvalidPolicyError, PolicyDocument, as_mapping, parse_document
from policy.asks import document, written


def faults(wrong: object) -> dict[str, str]:
    with pytest.raises(InvalidPolicyError) as refused:
        parse_document(wrong)
    found = refused.value.members["errors"]
    assert isinstance(found, list)
    return {fault["path"]: fault["message"] for fault in found}


def faults_of_rule(**changed: Any) -> dict[str, str]:
    return faults({"version": 1, "rules": [written(**changed)]})


def test_the_smallest_document_has_no_rules() -> None:
    smallest = parse_document({"version": 1, "rules": []})

    assert as_mapping(smallest) == {"version": 1, "max_active": 1, "rules": []}


def test_a_rule_spells_out_its_defaults() -> None:
    smallest = document({"name": "least", "impersonators": {"roles": ["support"]}})

    assert as_mapping(smallest)["rules"] == [
        {
            "name": "least",
            "impersonators": {"roles": ["support"]},
            "modes": ["read_only"],
            "rights": "target",
            "privileged_targets": False,
            "duration": {"max": "1h", "default": "30m"},
            "require": {},
        }
    ]


@pytest.mark.parametrize("wrong", [None, [], "rules", 7, b"version: 1"])
def test_a_document_is_a_mapping(wrong: object) -> None:
    assert faults(wrong) == {"": "must be a mapping of keys to values"}


def test_version_and_rules_are_not_left_out() -> None:
    assert faults({}) == {"version": "is missing", "rules": "is missing"}


@pytest.mark.parametrize("version", [0, 2, True, 1.0, "1", None])
def test_only_the_first_version_is_known(version: object) -> None:
    assert faults({"version": version, "rules": []}).keys() == {"version"}


def test_an_unknown_key_is_refused_wherever_it_stands() -> None:
    wrong = {"version": 1, "rules": [written(colour="red", targets={"roles": ["a"], "teams": ["b"]})], "extra": 1}

    assert faults(wrong) == {
        "rules[0].targets.teams": "is no key of the policy document",
        "rules[0].colour": "is no key of the policy document",
        "extra": "is no key of the policy document",
    }


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"require": {"consent": "always"}}, "rules[0].require.consent"),
        ({"require": {"approval": None}}, "rules[0].require.approval"),
        ({"duration": {"idle": "10m"}}, "rules[0].duration.idle"),
        ({"duration": {"extend": {"by": "10m", "times": 3}}}, "rules[0].duration.extend"),
        ({"notify": {"target": "immediately"}}, "rules[0].notify"),
    ],
)
def test_a_key_of_the_governance_release_is_refused_by_name(changed: dict[str, Any], path: str) -> None:
    (message,) = {fault for where, fault in faults_of_rule(**changed).items() if where == path}

    assert "arrives with the governance release; it is not ignored silently" in message


@pytest.mark.parametrize("key", ["targets", "clients", "permissions", "max_active", "duration", "require", "modes"])
def test_a_key_with_nothing_behind_it_is_refused(key: str) -> None:
    assert faults_of_rule(**{key: None}).keys() == {f"rules[0].{key}"}


@pytest.mark.parametrize("key", ["impersonators", "targets"])
def test_a_rule_for_nobody_is_refused(key: str) -> None:
    assert faults_of_rule(**{key: {}}).keys() == {f"rules[0].{key}"}
    assert faults_of_rule(**{key: {"roles": []}}).keys() == {f"rules[0].{key}.roles"}


@pytest.mark.parametrize("name", ["", "Support", "with space", "a\n", "a" * 65, "-a", 7, None])
def test_a_rules_name_is_short_and_plain(name: object) -> None:
    assert faults_of_rule(name=name).keys() == {"rules[0].name"}


def test_each_rule_has_a_name_of_its_own() -> None:
    assert faults({"version": 1, "rules": [written(), written()]}) == {"rules": "each rule needs a name of its own"}


@pytest.mark.parametrize("name", ["", " support", "a\x00b", "a\nb", "\ud800", "a" * 256, 7, b"support"])
def test_a_roles_name_is_printable(name: object) -> None:
    assert faults_of_rule(impersonators={"roles": [name]}).keys() == {"rules[0].impersonators.roles[0]"}


@pytest.mark.parametrize("name", ["x", "Dashboard", "impersonator:acme", "a b", 7])
def test_a_clients_name_is_a_client_id(name: object) -> None:
    assert faults_of_rule(clients=[name]).keys() == {"rules[0].clients[0]"}
    assert faults_of_rule(impersonators={"clients": [name]}).keys() == {"rules[0].impersonators.clients[0]"}


@pytest.mark.parametrize("permission", ["", "*", "ticket read", "ticket\tread", 7])
def test_a_permission_is_one_word(permission: object) -> None:
    assert faults_of_rule(permissions=[permission]).keys() == {"rules[0].permissions[0]"}


@pytest.mark.parametrize("modes", [[], ["read"], ["full", "full"], {"full"}, "full", [None]])
def test_modes_are_a_list_of_known_modes(modes: object) -> None:
    (path,) = faults_of_rule(modes=modes)

    assert path.startswith("rules[0].modes")


@pytest.mark.parametrize("key", ["permissions", "clients", "modes"])
def test_lists_are_bounded(key: str) -> None:
    assert faults_of_rule(**{key: [f"name{number}" for number in range(101)]})


def test_a_document_has_a_hundred_rules_at_most() -> None:
    rules = [written(name=f"rule-{number}") for number in range(101)]

    assert faults({"version": 1, "rules": rules}).keys() == {"rules"}
    assert len(parse_document({"version": 1, "rules": rules[:100]}).rules) == 100


def test_a_document_has_a_size() -> None:
    names = [f"{number}{'a' * 250}" for number in range(100)]
    rules = [written(name=f"rule-{number}", permissions=names) for number in range(11)]

    assert faults({"version": 1, "rules": rules}).keys() == {""}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rights", "both"),
        ("privileged_targets", 1),
        ("privileged_targets", "yes"),
        ("max_active", 0),
        ("max_active", 101),
        ("max_active", True),
        ("max_active", "1"),
        ("max_active", 10**30),
    ],
)
def test_a_value_of_another_kind_is_refused(key: str, value: object) -> None:
    assert faults_of_rule(**{key: value}).keys() == {f"rules[0].{key}"}


@pytest.mark.parametrize(("key", "value"), [("on_active", "ask"), ("on_active", None), ("max_active", 0)])
def test_so_is_one_of_the_document(key: str, value: object) -> None:
    assert faults({"version": 1, "rules": [], key: value}).keys() == {key}


@pytest.mark.parametrize("pattern", ["", "(", "a)|(?:b", "(?x)a #", "(?=a)", r"(a)\1", r"(\w{100}){100}", "a" * 201, 7])
def test_a_ticket_pattern_compiles_and_never_backtracks(pattern: object) -> None:
    assert faults_of_rule(require={"ticket": {"pattern": pattern}}).keys() == {"rules[0].require.ticket.pattern"}


@pytest.mark.parametrize("reason", [False, None, 10, {"min_length": 0}, {"min_length": 501}, {"min_length": "9"}])
def test_a_wanted_reason_is_true_or_has_a_length(reason: object) -> None:
    (path,) = faults_of_rule(require={"reason": reason})

    assert path.startswith("rules[0].require.reason")


@pytest.mark.parametrize("reason", [True, {}, {"min_length": 1}])
def test_true_asks_for_any_reason(reason: object) -> None:
    (rule,) = document(written(require={"reason": reason})).rules

    assert rule.require.reason is not None
    assert rule.require.reason.min_length == 1


@pytest.mark.parametrize(
    ("step_up", "path"),
    [
        (None, ""),
        (True, ""),
        ({}, ""),
        ({"acr": []}, ".acr"),
        ({"acr": "mfa"}, ".acr"),
        ({"acr": ["mfa", "mfa"]}, ".acr"),
        ({"acr": [f"urn:example:{number:040}" for number in range(10)]}, ".acr"),
        ({"acr": None, "max_age": "15m"}, ".acr"),
        ({"max_age": "0m"}, ".max_age"),
        ({"max_age": 900}, ".max_age"),
        ({"max_age": "25h"}, ".max_age"),
        ({"acr": ["mfa"], "amr": ["otp"]}, ".amr"),
    ],
)
def test_a_wanted_login_has_a_method_or_an_age(step_up: object, path: str) -> None:
    assert faults_of_rule(require={"step_up": step_up}).keys() == {f"rules[0].require.step_up{path}"}


@pytest.mark.parametrize("acr", ["", "a b", 'a"', "a\\b", "a\n", "\u00e4", "\x7f", 7, None])
def test_an_acr_value_needs_no_escaping_in_a_header_field(acr: object) -> None:
    told = faults_of_rule(require={"step_up": {"acr": ["mfa", acr]}})

    assert told.keys() == {"rules[0].require.step_up.acr[1]"}


@pytest.mark.parametrize("step_up", [{"acr": ["mfa", "urn:x:y"]}, {"max_age": "15m"}, {"acr": ["a"], "max_age": "1m"}])
def test_a_wanted_login_is_written_as_it_was_read(step_up: dict[str, Any]) -> None:
    (rule,) = document(written(require={"step_up": step_up})).rules

    assert rule.require.model_dump(mode="json", exclude_none=True) == {"step_up": step_up}


def test_a_fault_never_repeats_a_value() -> None:
    secret = "s3cr3t-value"

    told = faults_of_rule(name=f"{secret} ", modes=[secret], rights=secret, duration={"max": secret}, clients=secret)

    assert len(told) == 5
    assert secret not in repr(told)


def test_a_key_is_shown_short_and_printable() -> None:
    told = faults({"version": 1, "rules": [], "a\x00" + "b" * 500: 1})

    assert told.keys() == {"a?" + "b" * 62}


def test_a_key_that_is_no_text_is_refused() -> None:
    assert faults({"version": 1, "rules": [], 7: 1}).keys() == {"[7]"}


def test_the_number_of_faults_told_is_bounded() -> None:
    assert len(faults({"version": 1, "rules": [], **{f"key{number}": 1 for number in range(500)}})) == 50


def test_the_detail_names_the_first_fault() -> None:
    with pytest.raises(InvalidPolicyError) as refused:
        document(written(rights="both"))

    assert refused.value.detail == "Mend the policy document at rules[0].rights: must be 'target' or 'intersection'."


def test_a_document_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        document().max_active = 7  # type: ignore[misc]  # that it is refused is the fact


def test_equal_documents_are_equal() -> None:
    assert isinstance(document(), PolicyDocument)
    assert document() == document()
    assert hash(document()) == hash(document())
