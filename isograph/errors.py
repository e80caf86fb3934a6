"""The one error tree. Every error a user can cause derives from `IsographError`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_SHOWN = 3


class IsographError(Exception):
    """Root of every error that isograph raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input.

    Attributes:
        where: file, table or option that holds the problem.
        what: what is wrong, in a clause.
        examples: all offenders or the first few; three are shown.
        count: number of offenders, where counting makes sense.
        fix: what the user can do about it.
    """

    where: str
    what: str
    examples: tuple[str, ...] = ()
    count: int | None = None
    fix: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}"
        if self.count is not None:
            text += f" ({self.count})"
        if self.examples:
            shown = ", ".join(self.examples[:_SHOWN])
            total = self.count if self.count is not None else len(self.examples)
            text += f": {shown}" + (", …" if total > _SHOWN else "")
        if self.fix:
            text += f" → {self.fix}"
        return text


class InputError(IsographError):
    """Input was refused; `problems` lists everything that is wrong with it."""

    def __init__(self, headline: str, problems: Iterable[Problem] = ()) -> None:
        self.headline = headline
        self.problems = tuple(problems)
        lines = [headline, *(f"  - {problem}" for problem in self.problems)]
        super().__init__("\n".join(lines))


class BundleError(InputError):
    """A dataset bundle does not follow the format."""


class StudyError(InputError):
    """A study asks for something that its bundle cannot give."""


class ConfigError(InputError):
    """A setting is unknown or out of bounds."""


class ImportDataError(InputError):
    """Files of another tool cannot be turned into a bundle."""


class OutputError(InputError):
    """A result cannot be written where it was asked for, or read from there."""


@dataclass
class Problems:
    """Collects problems, so that one error can name them all."""

    found: list[Problem] = field(default_factory=list)

    def add(
        self,
        where: str,
        what: str,
        *,
        examples: Iterable[object] = (),
        count: int | None = None,
        fix: str = "",
    ) -> None:
        """Note one problem; `examples` are turned into text as they are."""
        self.found.append(Problem(where, what, tuple(str(e) for e in examples), count, fix))

    def __bool__(self) -> bool:
        return bool(self.found)

    def raise_if_any(self, error: type[InputError], headline: str) -> None:
        """Raise `error` with every problem found so far, if there is one."""
        if self.found:
            raise error(headline, self.found)
