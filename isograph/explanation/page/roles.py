"""How a module's genes divide into roles, as a bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from isograph.plots.style import ROLE_COLOURS

_WIDTH = 100.0


@dataclass(frozen=True)
class RoleCount:
    """Number of genes of one role.

    Attributes:
        role: as in `module_gene_roles.parquet`.
        n: genes.
    """

    role: str
    n: int

    @property
    def label(self) -> str:
        """As people write it."""
        return self.role.replace("_", " ")


def role_counts(summary: Mapping[str, Any]) -> tuple[RoleCount, ...]:
    """Roles that a module has, from its row of `module_summary.parquet`."""
    counts = (RoleCount(role, int(summary[f"n_{role}"])) for role in ROLE_COLOURS)
    return tuple(count for count in counts if count.n)


def role_bar(counts: tuple[RoleCount, ...]) -> Markup:
    """A stacked bar as inline SVG, with its numbers for readers and pointers; empty for none."""
    total = sum(count.n for count in counts)
    if not total:
        return Markup("")
    words = ", ".join(f"{count.n:,} {count.label}" for count in counts)
    parts, left = [], 0.0
    for count in counts:
        width = _WIDTH * count.n / total
        parts.append(
            f'<rect class="role-{count.role}" x="{left:.2f}" width="{width:.2f}" height="10"/>'
        )
        left += width
    return Markup(
        f'<svg class="roles" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" '
        f'aria-label="{words}"><title>{words}</title>{"".join(parts)}</svg>'
    )
