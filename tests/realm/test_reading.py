import pytest

from impersonator_api.realm import Document, InvalidRealmError, read_realm


def faults_of(text: str | bytes) -> list[str]:
    """What is wrong with the text of a realm file."""
    with pytest.raises(InvalidRealmError) as caught:
        read_realm(text if isinstance(text, bytes) else text.encode())
    return [str(fault) for fault in caught.value.faults]


def user_of(text: str) -> Document:
    """A realm with one user."""
    return read_realm(f"tenant: acme\nusers: [{text}]".encode())[0]


def test_a_fault_names_file_line_and_path() -> None:
    faults = faults_of("tenant: acme\nusers:\n  - email: ana@acme.test\n  - external_id: 7\n    email: bob\n")

    assert faults == ["realm.yaml:5: users[1].email: must look like name@domain"]


def test_all_faults_of_all_documents_are_told_at_once() -> None:
    faults = faults_of("tenant: Acme\nnme: x\n---\ntenant: globex\nroles: [{name: a, rank: high}]\n")

    assert [fault.split(": ")[1] for fault in faults] == ["tenant", "nme", "roles[0].rank"]
    assert [int(fault.split(":")[1]) for fault in faults] == [1, 2, 5]


def test_what_is_missing_is_told_at_the_line_of_what_lacks_it() -> None:
    faults = faults_of("tenant: acme\nroles:\n  - rank: 3\n")

    assert faults == ["realm.yaml:3: roles[0].name: is required"]


def test_a_fault_of_the_policy_has_its_line_too() -> None:
    rule = "{name: a, impersonators: {roles: [x]}, duration: {max: 99h}}"
    faults = faults_of(f"tenant: acme\npolicy:\n  version: 1\n  rules:\n    - {rule}\n")

    assert faults == ["realm.yaml:5: policy.rules[0].duration.max: must be longer than nothing and at most 24h"]


@pytest.mark.parametrize("secret", ["hunter2", "s" * 31, "é" * 40, "x" * 600])
def test_a_secret_is_never_in_the_fault_about_it(secret: str) -> None:
    faults = faults_of(f"tenant: acme\nclients: [{{client_id: api, kind: service, secret: {secret}}}]")

    assert len(faults) == 1
    assert secret not in faults[0]


def test_a_secret_is_not_in_what_a_realm_looks_like() -> None:
    secret = "s" * 40
    document = read_realm(f"tenant: acme\nclients: [{{client_id: api, kind: service, secret: {secret}}}]".encode())[0]

    assert secret not in repr(document)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tenant: acme\ntenant: globex", "realm.yaml:2: the key 'tenant' is there twice"),
        ("tenant: acme\nusers: &a [*a]", "realm.yaml:2: an alias must name an anchor that stands complete before it"),
        ("<<: {tenant: acme}", "realm.yaml:1: merge keys are not supported; write the keys out"),
        ("tenant: !!python/name:os.system x", "realm.yaml:1: tags are not supported; write plain values"),
        ("? [a]\n: b", "realm.yaml:1: a key must be a plain word"),
        ("[" * 5000, "realm.yaml:1: is nested more than 32 deep"),
        ("", "realm.yaml: is empty; it must hold at least `tenant:`"),
        (b"tenant: acme\nname: \xff", "realm.yaml:2: is not UTF-8"),
        (b"tenant: \x00", "realm.yaml: holds a character that YAML does not allow"),
        ("tenant: acme\n---\ntenant: acme", "realm.yaml:3: tenant: is there twice; write one document for each tenant"),
        ("- tenant: acme", "realm.yaml:1: must be a mapping of keys to values"),
        ("tenant: acme\nname:", "realm.yaml:2: name: is empty; give it a value or leave the key out"),
        ("tenant: acme\npolicy: all", "realm.yaml:2: policy: must be a mapping of keys to values"),
        ("tenant: acme\nname: a\x85b\x07", "realm.yaml: holds a character that YAML does not allow"),
    ],
)
def test_what_is_no_plain_realm_file_is_refused(text: str | bytes, message: str) -> None:
    assert faults_of(text) == [message]


def test_a_file_too_large_is_not_even_parsed() -> None:
    assert faults_of(b"#" * (16 * 1024 * 1024 + 1)) == ["realm.yaml: is larger than 16 MiB"]


def test_a_few_lines_that_stand_for_a_billion_values_are_refused() -> None:
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    faults = faults_of("\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *lines]))

    assert faults == ["realm.yaml:7: holds more than 2000000 values"]


def test_an_anchor_may_be_used_again() -> None:
    text = "tenant: acme\nroles:\n  - {name: a, permissions: &p [x, y]}\n  - {name: b, permissions: *p}\n"

    assert read_realm(text.encode())[0].realm.roles[1].permissions == ("x", "y")


@pytest.mark.parametrize(
    ("written", "external_id"), [("1001", "1001"), ('"007"', "007"), ("0123", "0123"), ("no", "no")]
)
def test_an_external_id_is_text_whatever_it_looks_like(written: str, external_id: str) -> None:
    document = user_of(f"{{external_id: {written}}}")

    assert document.realm.users[0].external_id == external_id


@pytest.mark.parametrize(
    "user",
    [
        "{display_name: Nobody}",
        '{external_id: "a\\0b"}',
        '{external_id: " a"}',
        "{external_id: true}",
        f"{{external_id: {'x' * 256}}}",
        "{email: a b@acme.test}",
        "{external_id: a, status: gone}",
        "{external_id: a, email_verified: yes}",
        "{external_id: a, locale: not a tag}",
        '{external_id: a, attributes: {deep: [{er: "\\0"}]}}',
        f"{{external_id: a, attributes: {{long: {'x' * 20000}}}}}",
        "{external_id: a, roles: [b, b]}",
        "{external_id: a, roles: [{workspace: north}]}",
    ],
)
def test_a_user_that_no_column_could_hold_is_refused(user: str) -> None:
    assert faults_of(f"tenant: acme\nusers: [{user}]")


@pytest.mark.parametrize(
    "client",
    [
        "{client_id: Dashboard}",
        "{client_id: x}",
        "{client_id: a1b2c3d4-0000-4000-8000-000000000000}",
        "{client_id: abcdefabcdefabcdefabcdefabcdefab}",
        "{client_id: 'impersonator:acme'}",
        "{client_id: api, number: 0}",
        "{client_id: api, number: 2147483648}",
        "{client_id: api, rank: -1}",
        "{client_id: api, kind: mobile}",
        "{client_id: api, signing_alg: HS256}",
        "{client_id: api, scopes: [a b]}",
        "{client_id: api, status: deleted}",
        "{client_id: api, permissions: [a b]}",
        "{client_id: api, jwks: {keys: []}}",
        "{client_id: api, jwks: {keys: [{kty: oct, kid: a, k: c2VjcmV0}]}}",
        "{client_id: api, jwks_uri: 'http://idp.acme.test/jwks'}",
        "{client_id: api, audiences: [a, a]}",
        "{client_id: api, dpop_bound: 'yes'}",
    ],
)
def test_a_client_that_could_be_mistaken_or_not_be_stored_is_refused(client: str) -> None:
    assert faults_of(f"tenant: acme\nclients: [{client}]")


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.acme.test/callback",
        "https://app.acme.test/callback?from=admin#/route",
        "http://127.0.0.1:3000/callback",
        "http://[::1]:3000/callback",
        "com.example.app:/callback",
    ],
)
def test_a_redirect_uri_may_be_https_loopback_or_an_apps_own(uri: str) -> None:
    text = f"tenant: acme\nclients: [{{client_id: app, redirect_uris: ['{uri}']}}]"

    assert read_realm(text.encode())[0].realm.clients[0].redirect_uris == (uri,)


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://app.acme.test/callback",
        "https://app.acme.test/*",
        "https://user:word@app.acme.test/",
        "https:///callback",
        "/callback",
        "https://app.acme.test:port/",
        "https://app.acme.test\\\\@evil.test/",
        "https://äpp.acme.test/",
        "",
    ],
)
def test_a_redirect_uri_that_could_carry_a_token_away_is_refused(uri: str) -> None:
    assert faults_of(f'tenant: acme\nclients: [{{client_id: app, redirect_uris: ["{uri}"]}}]')


@pytest.mark.parametrize(
    "key",
    [
        "algorithms: [none]",
        "algorithms: [HS256]",
        "algorithms: []",
        "typ: [dpop+jwt]",
        "subject: email",
        "subject: claim:email",
        "subject: claim:preferred_email",
        "jwks_uri: http://idp.acme.test/jwks",
        "match: {claim: tid}",
        "clients: []",
        "require_claims: {typ: [a, b]}",
        "subject: sub",
        "jwks_uri: ftp://idp.acme.test/jwks",
    ],
)
def test_an_issuer_that_would_believe_too_much_is_refused(key: str) -> None:
    assert faults_of(f"tenant: acme\nissuers:\n  - issuer: https://idp.acme.test\n    {key}\n")


def test_an_issuer_has_no_query() -> None:
    assert faults_of("tenant: acme\nissuers: [{issuer: 'https://idp.acme.test?x=1'}]") == [
        "realm.yaml:2: issuers[0].issuer: must not have a query"
    ]


def test_a_consent_ends_at_a_moment_of_a_known_zone() -> None:
    text = "tenant: acme\nconsents: [{user: a, client: app, scopes: [x], expires_at: 2030-01-01T00:00:00}]"

    assert faults_of(text) == ["realm.yaml:2: consents[0].expires_at: needs a time zone, such as 2027-01-31T12:00:00Z"]


@pytest.mark.parametrize(
    "entries",
    [
        "roles: [{name: a}, {name: a}]",
        "clients: [{client_id: app}, {client_id: app}]",
        "workspaces: [{slug: a}, {slug: a}]",
        "issuers: [{issuer: 'https://a.test'}, {issuer: 'https://a.test'}]",
        "consents: [{user: a, client: app, scopes: []}, {user: a, client: app, scopes: []}]",
    ],
)
def test_nothing_is_there_twice(entries: str) -> None:
    assert "is there twice" in faults_of(f"tenant: acme\n{entries}")[0]


def test_a_key_that_a_terminal_would_obey_is_masked() -> None:
    assert faults_of('tenant: acme\n"a\\e[31m": 1') == ["realm.yaml:2: a?[31m: is not a key of the realm file"]
