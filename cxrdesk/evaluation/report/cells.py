"""Tables of the page, and what stands in their cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape


def interval(estimate: Mapping[str, float]) -> str:
    """``0.910 (0.880 to 0.930)``."""
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"


def text(words: str) -> str:
    """A cell of words, escaped."""
    return f"<td>{escape(words)}</td>"


def number(figure: object) -> str:
    """A cell of figures, escaped."""
    return f'<td class="number">{escape(str(figure))}</td>'


def table(caption: str, head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<table>{title}<thead><tr>{heads}</tr></thead><tbody>\n{body}\n</tbody></table>"
