"""Links in documents lead somewhere, the README stays short, and each decision has its four parts."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)

pytestmark = pytest.mark.docs


def _links(document: Path) -> list[str]:
    targets = LINK.findall(CODE.sub("", document.read_text()))
    return [target for target in targets if "://" not in target and not target.startswith("mailto:")]


def _anchors(document: Path) -> set[str]:
    """The names that headings get: lower case, without punctuation, spaces as hyphens."""
    # Fenced lines that begin with a hash are comments, not headings.
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in HEADING.findall(text)}


def _leads_somewhere(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (document.parent / path).resolve() if path else document
    # A link may not leave the repository, or it holds on one machine only.
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or anchor in _anchors(target)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_link_leads_somewhere(document: Path) -> None:
    dead = [link for link in _links(document) if not _leads_somewhere(document, link)]

    assert dead == []


def test_the_readme_can_be_read_at_a_sitting() -> None:
    assert len(README.read_text().splitlines()) <= 120


@pytest.mark.parametrize("command", ["make run", "make test"])
def test_the_readme_names_its_commands(command: str) -> None:
    assert command in README.read_text()


def test_each_document_can_be_found_from_the_index() -> None:
    index = ROOT / "docs/README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in _links(index)}

    assert [path for path in DOCUMENTS if path.is_relative_to(index.parent) and path not in {index, *linked}] == []


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_context_decision_consequences_and_alternatives(decision: Path) -> None:
    headings = re.findall(r"^## (.+)$", decision.read_text(), re.MULTILINE)

    assert headings == ["Context", "Decision", "Consequences", "Alternatives"]


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_fits_on_a_page(decision: Path) -> None:
    assert len(decision.read_text().splitlines()) <= 60


def test_decisions_are_numbered_without_gaps_and_say_their_number() -> None:
    numbers = [path.name[:4] for path in DECISIONS]
    titles = [path.read_text()[:7] for path in DECISIONS]

    assert numbers == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert titles == [f"# {number} " for number in numbers]
