"""The transitive package `ecdsa` (CVE-2024-23342) is never reached: docs/decisions/0002 tells why that matters."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import jose.jwk
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jose.backends.cryptography_backend import CryptographyECKey, CryptographyRSAKey

from forgery import pair
from impersonator_api.tokens import assert_backend
from impersonator_api.tokens.jwa import WrongBackendError

SOURCES = Path(__file__).parents[2] / "src/impersonator_api"


def test_the_backend_is_cryptography() -> None:
    assert_backend()

    assert isinstance(pair("ES256").signing.jose, CryptographyECKey)
    assert isinstance(pair("RS256").verifying.jose, CryptographyRSAKey)


def test_an_es256_signature_is_made_by_openssl() -> None:
    key = pair("ES256")

    assert isinstance(key.private, ec.EllipticCurvePrivateKey)
    assert key.signing.jose.prepared_key is key.private  # type: ignore[attr-defined]  # of python-jose's own class


def test_signing_and_verifying_load_no_module_of_ecdsa_and_rsa() -> None:
    story = """
        import sys
        from datetime import UTC, datetime
        from impersonator_api.tokens import Expected, read_unverified, verify
        from impersonator_api.tokens.jwk import generate_private_key, parse_public_jwk, public_jwk
        from impersonator_api.tokens.jwa import signing_key
        from impersonator_api.tokens.jws import sign
        for alg in ("ES256", "RS256"):
            private = generate_private_key(alg)
            jwk = public_jwk(private, alg=alg)
            token = sign({"iss": "i", "aud": "a", "exp": 2}, key=signing_key(private, kid=jwk["kid"], alg=alg), typ="t")
            expected = Expected(issuer="i", audience="a", types=frozenset({"t"}))
            now = datetime.fromtimestamp(1, UTC)
            verify(read_unverified(token), key=parse_public_jwk(jwk)[0], expected=expected, now=now)
        print(sorted({name.split(".")[0] for name in sys.modules} & {"ecdsa", "rsa"}))
    """

    told = subprocess.run(  # noqa: S603  # our own interpreter and our own lines
        [sys.executable, "-c", dedent(story)], check=True, capture_output=True, text=True
    )

    assert told.stdout.strip() == "[]"


def test_another_backend_keeps_the_service_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    # What python-jose does when its extra is not installed: another class answers for the algorithm.
    monkeypatch.setattr(jose.jwk, "get_key", lambda _alg: object)

    with pytest.raises(WrongBackendError, match="cryptography"):
        assert_backend()


def test_one_module_knows_jose() -> None:
    knowing = {
        str(source.relative_to(SOURCES))
        for source in SOURCES.rglob("*.py")
        if any(line.startswith(("import jose", "from jose")) for line in source.read_text().splitlines())
    }

    assert knowing == {"tokens/jwa.py"}
