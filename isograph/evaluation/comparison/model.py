"""What counts as different, and one difference."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from isograph.errors import InputError, Problems

EXAMPLES = 20


class ComparisonError(InputError):
    """Two things cannot be compared."""


@dataclass(frozen=True)
class Tolerances:
    """How far two results may be apart.

    Attributes:
        numeric: largest difference of two numbers, relative to the larger one above 1.
        min_ari: smallest adjusted Rand index of the modules. 1 asks for the same modules; below
            it, only features, modules, eigengenes and roles decide.
        min_eigengene_r: smallest |r| of the eigengenes of two matched modules.
        max_role_changes: largest share of genes assigned in both whose role changes.
        strict: differences of the configuration count too.

    Raises:
        ComparisonError: lists every value that is out of bounds.
    """

    numeric: float = 1e-6
    min_ari: float = 1.0
    min_eigengene_r: float = 1.0 - 1e-6
    max_role_changes: float = 0.0
    strict: bool = False

    def __post_init__(self) -> None:
        problems = Problems()
        if not 0 <= self.numeric < float("inf"):
            problems.add("numeric tolerance", f"is {self.numeric:g}", fix="0 or more")
        for name, value in (
            ("smallest ARI", self.min_ari),
            ("smallest |r| of eigengenes", self.min_eigengene_r),
            ("largest share of role changes", self.max_role_changes),
        ):
            if not 0 <= value <= 1:
                problems.add(name, f"is {value:g}", fix="0 to 1")
        problems.raise_if_any(ComparisonError, "tolerances refused")

    @property
    def same_modules(self) -> bool:
        """Whether modules are to be the same, and every number that follows from them."""
        return self.min_ari >= 1.0


@dataclass(frozen=True)
class Difference:
    """Something that is not the same in both.

    Attributes:
        what: kind of the difference.
        where: file, and column where there is one.
        left: value on the left, or how many there are.
        right: the same on the right.
        tolerance: what would have been accepted; None where nothing but equal is.
        count: how many things differ.
        examples: the first of them, `EXAMPLES` at most.
        fails: whether the comparison fails because of it; others are told only.
    """

    what: str
    where: str
    left: Any = None
    right: Any = None
    tolerance: float | None = None
    count: int = 1
    examples: tuple[str, ...] = ()
    fails: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Every attribute by name."""
        return asdict(self)
