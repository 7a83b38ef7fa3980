"""Applying realm files of a test's own tenant."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from impersonator_api import realm
from impersonator_api.realm import Report
from impersonator_api.work import Desk

Applied = Callable[..., Awaitable[Report]]


@pytest.fixture
def slug() -> str:
    """A tenant nobody else has."""
    return f"t{uuid4().hex[:10]}"


@pytest.fixture
def applied(desk: Desk, slug: str) -> Applied:
    """Apply the YAML of a tenant, without its `tenant:` line."""

    async def apply(text: str, **options: Any) -> Report:
        source = f"tenant: {slug}\n{text}"
        return await desk.run_in_transaction(realm.apply, realm.read_realm(source.encode()), **options)

    return apply
