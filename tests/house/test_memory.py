"""A server process holds nothing that it has no use for; docs/performance.md says what it does hold."""

import subprocess
import sys

import pytest

SERVER = (
    "import sys; from impersonator_api.cli import serving; from impersonator_api.app import create_app;"
    "from impersonator_api.settings import Settings;"
    "create_app(Settings(), database_url='postgresql+asyncpg://nobody@127.0.0.1/none');"
    "print(*sorted(name for name, module in sys.modules.items() if module))"
)


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The names of all modules that a process needed to make its application."""
    return set(said_by(SERVER))


def said_by(program: str) -> list[str]:
    """The words that it prints in a process of its own."""
    told = subprocess.run(  # noqa: S603  # our own interpreter and our own lines
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return told.stdout.split()


@pytest.mark.parametrize(
    "name",
    [
        "alembic",
        "click",
        "cryptography.x509",
        "httpx",
        "impersonator_api.realm",
        "mako",
        "multiprocessing",
        "pydantic.v1",
        "pygments",
        "rich",
        "sqlalchemy.orm",
        "uvicorn.supervisors",
        "yaml",
    ],
)
def test_a_server_does_not_load_what_it_never_uses(loaded: set[str], name: str) -> None:
    assert name not in loaded


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession as it", "sqlalchemy.ext.asyncio.session"),
        ("from rich.console import Console as it", "rich.console"),
        ("from uvicorn import Server, run as it", "uvicorn.main"),
        ("import uvicorn; uvicorn.Config; it = uvicorn.main.callback", "uvicorn.main"),
    ],
)
def test_what_was_left_out_is_there_for_whoever_asks(asked: str, told: str) -> None:
    assert said_by(f"import impersonator_api, structlog; {asked}; print(it.__module__)") == [told]


def test_a_certificate_is_still_read_for_whoever_has_one() -> None:
    program = (
        "import impersonator_api; from jose.backends.cryptography_backend import load_pem_x509_certificate\n"
        "try: load_pem_x509_certificate(b'none')\n"
        "except ValueError as error: print(error)"
    )

    assert said_by(program)[:4] == ["Unable", "to", "load", "PEM"]


def test_what_few_ask_for_is_built_for_whoever_asks() -> None:
    program = (
        "import impersonator_api; from fastapi.openapi.models import Info; is_built = Info.__pydantic_complete__;"
        "print(is_built, Info(title='It', version='1').title, Info.__pydantic_complete__)"
    )

    assert said_by(program) == ["False", "It", "True"]


def test_models_of_ours_are_built_at_once() -> None:
    program = (
        "import impersonator_api; from pydantic import BaseModel, create_model;"
        "print(create_model('Ours', name=str).__pydantic_complete__)"
    )

    assert said_by(program) == ["True"]
