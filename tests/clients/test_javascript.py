"""Published clients for JavaScript, each story in a file that Node's own test runner runs."""

import os
import subprocess
from pathlib import Path

import pytest

STORIES = Path(__file__).parent / "stories"
SECONDS = 120

pytestmark = pytest.mark.slow


def _stories(folder: Path) -> pytest.MarkDecorator:
    files = sorted(folder.glob("*.test.mjs"))
    return pytest.mark.parametrize("story", files, ids=[file.name.removesuffix(".test.mjs") for file in files])


@_stories(STORIES)
def test_a_published_client_finds_what_it_expects(node: str, stage: Path, story: Path) -> None:
    _assert_passes(node, stage, story)


@pytest.mark.usefixtures("browser")
@_stories(STORIES / "in-a-browser")
def test_an_application_finds_what_it_expects(node: str, stage: Path, story: Path) -> None:
    _assert_passes(node, stage, story)


def _assert_passes(node: str, stage: Path, story: Path) -> None:
    told = subprocess.run(  # noqa: S603  our own words
        [node, "--test", "--test-reporter=spec", story],
        env=os.environ | {"STAGE": str(stage)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr
