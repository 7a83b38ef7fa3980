"""Published clients for JavaScript, each story in a file that Node's own test runner runs."""

import os
import subprocess
from pathlib import Path

import pytest

STORIES = sorted(Path(__file__).parent.glob("*.test.mjs"))
SECONDS = 120

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("story", STORIES, ids=[story.name.removesuffix(".test.mjs") for story in STORIES])
def test_a_published_client_finds_what_it_expects(node: str, stage: Path, story: Path) -> None:
    told = subprocess.run(  # noqa: S603  our own words
        [node, "--test", "--test-reporter=spec", story],
        env=os.environ | {"STAGE": str(stage)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr
