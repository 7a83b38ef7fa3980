"""What each problem `type` leads to: a page that says what the code means."""

from html import escape
from inspect import getdoc

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from impersonator_api.errors import ServiceError
from impersonator_api.web.errors import RouteNotFoundError
from impersonator_api.web.problems import all_problems

router = APIRouter(prefix="/problems", include_in_schema=False)

# Written once; a day is short enough for words that never change their meaning.
CACHE = {"Cache-Control": "public, max-age=86400"}


@router.get("")
async def list_problems() -> HTMLResponse:
    """Every code with its title."""
    entries = (
        f'<li><a href="/problems/{code}">{code}</a> ({kind.status}): {escape(kind.title)}</li>'
        for code, kind in all_problems().items()
    )
    return _page("Problems", f"<ul>{''.join(entries)}</ul>")


@router.get("/{code}")
async def show_problem(code: str) -> HTMLResponse:
    """One code: its status and meaning."""
    kind = all_problems().get(code)
    if kind is None:
        raise RouteNotFoundError("There is no such problem; see /problems.")
    return _page(
        kind.title, f"<p>Code <code>{kind.code}</code>, status {kind.status}.</p><p>{escape(meaning_of(kind))}</p>"
    )


def meaning_of(kind: type[ServiceError]) -> str:
    """The first paragraph of an error's docstring, on one line."""
    return " ".join((getdoc(kind) or kind.title).partition("\n\n")[0].split())


def _page(title: str, body: str) -> HTMLResponse:
    html = f'<!doctype html><html lang="en"><title>{escape(title)}</title><h1>{escape(title)}</h1>{body}</html>'
    return HTMLResponse(html, headers=CACHE)
