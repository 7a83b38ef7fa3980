"""Markdown tables that line up."""

from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> str:
    """Columns of words come first and begin together; numbers stand under each other."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [heads, ["-" * width for width in widths], *rows]
    return "\n".join(_line(cells, widths, words) for cells in lines)


def whole(number: float) -> str:
    """Thousands apart."""
    return f"{number:,.0f}".replace(",", " ")


def microseconds(seconds: float | None) -> str:
    """Nothing where nobody knows."""
    return "" if seconds is None else whole(seconds * 1_000_000)


def _line(cells: Sequence[str], widths: Sequence[int], words: int) -> str:
    padded = [
        cell.ljust(width) if number < words else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"
