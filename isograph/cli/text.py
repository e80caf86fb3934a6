"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence


def table(rows: Sequence[Sequence[object]], header: Sequence[str], *, indent: str = "  ") -> str:
    """Aligned columns: numbers to the right, text to the left.

    Args:
        rows: cells; None shows as a dash, floats with three decimals.
        header: one name a column.
        indent: before every line.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    lines = [list(header), *cells]
    width = [max(len(line[column]) for line in lines) for column in range(len(header))]
    right = [
        all(isinstance(row[column], int | float) or row[column] is None for row in rows)
        for column in range(len(header))
    ]
    return "\n".join(
        indent
        + "  ".join(
            cell.rjust(size) if to_right else cell.ljust(size)
            for cell, size, to_right in zip(line, width, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    if value is None or value != value:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) >= 5e-4 or value == 0 else f"{value:.0e}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def counted(number: int, thing: str) -> str:
    """`1 module`, `2 modules`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def names(text: str | None) -> tuple[str, ...] | None:
    """`a,b` as a tuple; None stays."""
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())
