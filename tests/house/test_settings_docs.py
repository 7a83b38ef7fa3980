"""The settings reference has each setting's name, default and meaning, word for word."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from impersonator_api.settings import PREFIX, Settings

REFERENCE = (Path(__file__).parents[2] / "docs/reference/settings.md").read_text()
ROW = re.compile(r"^\| `(IMPERSONATOR_[A-Z_]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)

pytestmark = pytest.mark.docs


def _written(default: object) -> str:
    if default in (None, ()):
        return "unset"
    if isinstance(default, timedelta):
        return f"`{TypeAdapter(timedelta).dump_python(default, mode='json')}`"
    return f"`{default}`"


def test_each_setting_has_its_row_with_default_and_meaning() -> None:
    expected = [
        (f"{PREFIX}{name.upper()}", _written(field.default), str(field.description))
        for name, field in Settings.model_fields.items()
    ]

    assert ROW.findall(REFERENCE) == expected
