"""What holds for every ask and every document, whatever hypothesis thinks of."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from impersonator_api.directory import Status, holds
from impersonator_api.policy import (
    LAWS,
    Allowed,
    Ask,
    Denied,
    InvalidPolicyError,
    LoggedIn,
    Mode,
    PolicyDocument,
    as_mapping,
    decide,
    document_from_json,
    explain,
    parse_document,
    to_json,
)
from policy.asks import NORTH, NOW, ask, client, person, role, service, written

NAMES = ["ticket.read", "ticket.reply", "invoice.read", "stock.read"]
HELD = st.frozensets(st.sampled_from([*NAMES, "impersonation.start", "*"]))
ASKED = st.none() | st.frozensets(st.sampled_from([*NAMES, "*"]))
AUTH_TIMES = st.integers(-9000, 100).map(lambda seconds: int(NOW.timestamp()) + seconds)
LOGINS = st.builds(LoggedIn, st.none() | st.sampled_from(["mfa", "pwd"]), st.none() | AUTH_TIMES)
STATUSES = st.sampled_from([Status.ACTIVE, Status.ACTIVE, Status.ACTIVE, Status.SUSPENDED])


@st.composite
def people(draw: st.DrawFn, name: str, ranks: tuple[int, int]) -> Any:
    rank = draw(st.integers(*ranks))
    here = draw(st.sampled_from([None, NORTH]))
    roles = [role("first", rank, *draw(HELD)), role("second", 0, *draw(HELD), workspace=here)]
    return person(name, *roles, memberships={NORTH.id: draw(HELD)}, status=draw(STATUSES))


@st.composite
def asks(draw: st.DrawFn) -> Ask:
    return ask(
        impersonator=draw(people("ana", (1, 3)) | st.just(service())),
        target=draw(people("bob", (0, 1))),
        client=draw(st.sampled_from([client(), client("other"), client("impersonator:acme")])),
        workspace=draw(st.sampled_from([None, NORTH])),
        acting_already=draw(st.sampled_from([False, False, False, True])),
        mode=draw(st.none() | st.sampled_from(Mode)),
        permissions=draw(ASKED),
        duration=draw(st.none() | st.integers(0, 5000).map(lambda seconds: timedelta(seconds=seconds))),
        reason=draw(st.none() | st.text(max_size=20)),
        login=draw(LOGINS),
        started_at=draw(st.none() | st.just(NOW - timedelta(hours=1))),
    )


STEP_UPS = [{"step_up": {"acr": ["mfa"]}}, {"step_up": {"max_age": "15m"}}]


@st.composite
def rules(draw: st.DrawFn, name: str) -> dict[str, Any]:
    optional = {
        "targets": st.just({"roles": ["second"]}),
        "clients": st.just(["dashboard"]),
        "permissions": st.lists(st.sampled_from(NAMES), unique=True),
        "rights": st.sampled_from(["target", "intersection"]),
        "privileged_targets": st.booleans(),
        "duration": st.sampled_from([{"max": "20m"}, {"default": "90s", "max": "1h"}]),
        "require": st.sampled_from([{}, {"reason": True}, {"reason": {"min_length": 5}}, *STEP_UPS]),
        "max_active": st.integers(1, 3),
    }
    chosen = draw(st.fixed_dictionaries({}, optional=optional))
    modes = draw(st.lists(st.sampled_from([mode.value for mode in Mode]), min_size=1, unique=True))
    return written(name=name, impersonators={"roles": ["first"], "clients": ["robot"]}, modes=modes) | chosen


@st.composite
def documents(draw: st.DrawFn) -> PolicyDocument:
    some = [draw(rules(f"rule-{number}")) for number in range(draw(st.integers(0, 3)))]
    return parse_document({"version": 1, "rules": some})


@given(asks(), documents())
def test_a_decision_is_always_the_same(question: Ask, document: PolicyDocument) -> None:
    again = document_from_json(to_json(document))

    assert decide(question, document, 1) == decide(replace(question), again, 1)


@given(asks(), documents())
def test_no_document_overturns_a_law(question: Ask, document: PolicyDocument) -> None:
    broken = [law.name for law in LAWS if law.objection(question)]

    decision = decide(question, document, 1)

    assert not broken or (isinstance(decision, Denied) and decision.law == broken[0])


@given(asks(), documents())
def test_what_is_granted_never_exceeds_target_rule_or_request(question: Ask, document: PolicyDocument) -> None:
    decision = decide(question, document, 1)

    for granted in decision.permissions or () if isinstance(decision, Allowed) else ():
        rule = next(rule for rule in document.rules if rule.name == decision.rule)
        assert holds(question.target_permissions, granted)
        assert rule.permissions is None or granted in rule.permissions
        assert rule.rights == "target" or holds(question.impersonator_permissions, granted)
        assert question.permissions is None or granted in question.permissions


@given(asks(), documents())
def test_nothing_is_unrestricted_where_rule_or_request_restricts(question: Ask, document: PolicyDocument) -> None:
    decision = decide(question, document, 1)

    if isinstance(decision, Allowed) and decision.permissions is None:
        rule = next(rule for rule in document.rules if rule.name == decision.rule)
        assert (question.permissions, rule.permissions, rule.rights) == (None, None, "target")
        assert decision.mode is not Mode.LIMITED


@given(asks(), documents())
def test_mode_and_duration_are_within_the_rule(question: Ask, document: PolicyDocument) -> None:
    decision = decide(question, document, 1)

    if isinstance(decision, Allowed):
        rule = next(rule for rule in document.rules if rule.name == decision.rule)
        assert decision.mode in rule.modes
        assert timedelta() < decision.duration <= rule.duration.max


@given(asks(), documents())
def test_an_explanation_agrees_with_the_decision(question: Ask, document: PolicyDocument) -> None:
    trace = explain(question, document, 1)

    findings = [*trace.laws, *trace.requirements]
    assert trace.decision == decide(question, document, 1)
    assert isinstance(trace.decision, Allowed) == (
        not any(finding.objection for finding in findings) and any(rule.objection is None for rule in trace.rules)
    )


@given(documents())
def test_a_document_survives_being_stored_and_exported(document: PolicyDocument) -> None:
    assert document_from_json(to_json(document)) == document
    assert parse_document(as_mapping(document)) == document


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
)
KEYS = st.sampled_from(["name", "impersonators", "targets", "modes", "permissions", "duration", "require", "rights"])


@given(JUNK | st.dictionaries(KEYS, JUNK).map(lambda rule: {"version": 1, "rules": [written() | rule]}))
def test_whatever_is_written_is_read_or_refused(wrong: object) -> None:
    with suppress(InvalidPolicyError):
        assert isinstance(parse_document(wrong), PolicyDocument)
