"""What kind of trait each sample column is: measured, two groups, many groups, or none at all."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from isograph.errors import Problems, StudyError
from isograph.features.columns import (
    MAX_CODED_LEVELS,
    are_whole,
    as_groups,
    looks_coded,
    number_text,
    read_column,
)
from isograph.features.slips import UNCLEAR_FIX, unclear_numbers

__all__ = ["SAMPLE_ID", "Trait", "TraitKind", "check_known", "infer_traits", "read_column"]

SAMPLE_ID = "sample_id"
_MIN_RUNNING = 10
_MOST_LISTED = 20
_ENTITY = r"(sample|subject|patient|donor|individual|participant|animal|mouse|case|record|row)"
_COUNTER = r"(number|num|nr|index|idx|serial)"
_ID_NAME = re.compile(
    rf"({_ENTITY}|{_COUNTER}|(.* )?(id|uid|uuid|barcode|accession)|(.* )?{_ENTITY} {_COUNTER})"
)


class TraitKind(StrEnum):
    """How a sample column is tested against modules."""

    CONTINUOUS = "continuous"
    TWO_LEVEL = "two-level"
    MANY_LEVEL = "many-level"
    CONSTANT = "constant"
    ID_LIKE = "id-like"
    UNCLEAR = "unclear"
    BLOCK = "block"


UNTESTED = frozenset((TraitKind.CONSTANT, TraitKind.ID_LIKE, TraitKind.UNCLEAR, TraitKind.BLOCK))
"""Kinds that no module is tested against."""


@dataclass(frozen=True)
class Trait:
    """One sample column as a trait.

    Attributes:
        name: the column.
        kind: decides the test; kinds of `UNTESTED` have none.
        levels: of grouped kinds, in order, reference level first; of ordered columns, from lowest
            to highest; empty otherwise.
        n_missing: samples without a value (infinite numbers count as missing).
        reason: what made the choice, or what the user may want to know; may be empty.
        values: one value a sample, indexed by sample id: float64 with NaN where the trait is
            measured, categories (`levels`) where it is grouped, ranks of `levels` from 0 where
            these are ordered.
    """

    name: str
    kind: TraitKind
    levels: tuple[str, ...]
    n_missing: int
    reason: str
    values: pd.Series[Any] = field(repr=False, compare=False)

    @property
    def testable(self) -> bool:
        """Whether modules can be tested against it."""
        return self.kind not in UNTESTED

    @property
    def reference_level(self) -> str | None:
        """The level that a two-level trait's effect starts from."""
        return self.levels[0] if self.levels else None

    @property
    def level_values(self) -> pd.Series[Any]:
        """The level of each sample as categories, of ordered traits too."""
        if not self.levels or isinstance(self.values.dtype, pd.CategoricalDtype):
            return self.values
        named = self.values.map(dict(enumerate(self.levels)))
        return named.astype(pd.CategoricalDtype(list(self.levels)))

    def as_record(self) -> dict[str, Any]:
        """The trait as `fit_config.json` has it."""
        return {
            "name": self.name,
            "kind": str(self.kind),
            "levels": list(self.levels),
            "n_missing": self.n_missing,
            "reason": self.reason,
        }


def infer_traits(
    samples: pd.DataFrame,
    *,
    categorical: Sequence[str] = (),
    names: Sequence[str] | None = None,
    ordered: Mapping[str, Sequence[str]] | None = None,
    block: str | None = None,
) -> tuple[Trait, ...]:
    """Decide the kind of every sample column, or of those named.

    Args:
        samples: one row a sample, with `sample_id`; every other column may be a trait.
        categorical: columns that are groups although they are written as numbers.
        names: columns wanted; None takes all, including those that cannot be tested.
        ordered: levels from lowest to highest, by column; such a column is tested by their ranks.
        block: the column of blocks, which is no trait: that donors differ needs no test.

    Returns:
        Traits in the order of `names`, or of the columns.

    Raises:
        StudyError: names every unknown column (with near ones), every wanted column that cannot
            be tested, with the reason, and every value of an ordered column that is none of its
            levels.
    """
    columns = [str(column) for column in samples.columns if column != SAMPLE_ID]
    wanted = columns if names is None else list(dict.fromkeys(names))
    problems = Problems()
    check_known(problems, "traits", [n for n in wanted if n != SAMPLE_ID], known=columns)
    check_known(problems, "categorical", categorical, known=columns)
    ordered = ordered or {}
    check_known(problems, "ordered", ordered, known=columns)
    bad = [n for n in ordered if n in columns and not _is_ordered(n, samples, ordered[n], problems)]
    for name in set(ordered).intersection(categorical):
        problems.add(f"ordered: {name}", "is named in categorical too", fix="name it once")
    if SAMPLE_ID in wanted:
        problems.add(f"traits: {SAMPLE_ID}", "names the samples and is no trait")
    traits = []
    for name in wanted:
        if name not in columns or name in bad:
            continue
        column = samples[name].set_axis(samples[SAMPLE_ID].astype(str))
        if name == block:
            traits.append(_block(name, column))
        elif name in ordered:
            traits.append(_infer_ordered(name, column, tuple(ordered[name])))
        else:
            traits.append(_infer(name, column, name in categorical))
    if names is not None:
        for trait in traits:
            if not trait.testable:
                what, fix = f"{trait.kind}: {trait.reason}", _FIXES[trait.kind]
                problems.add(f"traits: {trait.name}", what, fix=fix)
    problems.raise_if_any(StudyError, "traits refused")
    return tuple(traits)


_FIXES = {
    TraitKind.CONSTANT: "leave it out",
    TraitKind.ID_LIKE: "leave it out, or rename or recode the column if it is a measurement",
    TraitKind.UNCLEAR: UNCLEAR_FIX,
    TraitKind.BLOCK: "leave it out",
}


def check_known(
    problems: Problems, where: str, names: Iterable[str], *, known: Sequence[str]
) -> None:
    """Note every name that is not among the `known` sample columns, with near ones."""
    folded = {name.casefold(): name for name in known}
    for name in dict.fromkeys(names):
        if name in known:
            continue
        near = difflib.get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.6)
        guess = ", ".join(folded[item] for item in near)
        problems.add(
            f"{where}: {name}",
            "no such sample column",
            fix=f"did you mean {guess}?" if guess else f"columns are {_listed(known)}",
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_LISTED]) or "none"
    rest = len(names) - _MOST_LISTED
    return f"{shown} and {rest} more" if rest > 0 else shown


def _infer(name: str, column: pd.Series[Any], categorical: bool) -> Trait:
    values = read_column(column, categorical=categorical)
    counts: Mapping[Any, int] = values.value_counts().loc[lambda count: count > 0].to_dict()
    was_text = pd.api.types.infer_dtype(column, skipna=True) == "string"
    if len(counts) < 2:
        kind = TraitKind.CONSTANT
        one = next(iter(counts), None)
        shown = number_text(one) if isinstance(one, float) else one
        reason = "no sample has a value" if one is None else f"every sample has the value {shown}"
    elif isinstance(values.dtype, pd.CategoricalDtype):
        kind, reason = _grouped_kind(counts, was_text=was_text)
        unclear = "" if categorical else unclear_numbers(column.where(values.notna()))
        if unclear:
            kind, reason = TraitKind.UNCLEAR, unclear
    else:
        kind, reason = _number_kind(name, values, counts)
        if was_text and not reason:
            reason = "numbers stored as text"
        if kind == TraitKind.TWO_LEVEL:
            values = as_groups(values)
    grouped = kind in (TraitKind.TWO_LEVEL, TraitKind.MANY_LEVEL)
    return Trait(
        name=name,
        kind=kind,
        levels=tuple(values.cat.categories) if grouped else (),
        n_missing=int(values.isna().sum()),
        reason=reason,
        values=values.rename(name),
    )


def _block(name: str, column: pd.Series[Any]) -> Trait:
    """The column of blocks: known, and not tested."""
    values = read_column(column, categorical=True)
    reason = "samples of one value are taken together, not as independent"
    return Trait(name, TraitKind.BLOCK, (), int(values.isna().sum()), reason, values.rename(name))


def _is_ordered(
    name: str, samples: pd.DataFrame, levels: Sequence[str], problems: Problems
) -> bool:
    """Whether every value of a column is one of the levels; if not, it is noted."""
    unknown = set(read_column(samples[name], categorical=True).dropna().astype(str)) - set(levels)
    if unknown:
        what = f"values that are none of its levels {', '.join(levels)}"
        shown, fix = sorted(unknown), "name every level, from lowest to highest"
        problems.add(f"ordered: {name}", what, examples=shown, count=len(shown), fix=fix)
    return not unknown


def _infer_ordered(name: str, column: pd.Series[Any], levels: tuple[str, ...]) -> Trait:
    """A column of ordered levels, as their ranks."""
    text = read_column(column, categorical=True).astype(object)
    rank = {level: float(place) for place, level in enumerate(levels)}
    values = text.map(rank).astype(np.float64).rename(name)
    reason = f"ordered: {' < '.join(levels)}"
    n_missing = int(values.isna().sum())
    if values.nunique() < 2:
        reason = "no sample has a value" if n_missing == len(values) else "every sample has one"
        return Trait(name, TraitKind.CONSTANT, (), n_missing, f"{reason} level", values)
    return Trait(name, TraitKind.CONTINUOUS, levels, n_missing, reason, values)


def _grouped_kind(counts: Mapping[Any, int], *, was_text: bool) -> tuple[TraitKind, str]:
    n, distinct = sum(counts.values()), len(counts)
    if max(counts.values()) == 1:
        return TraitKind.ID_LIKE, f"each of {n} samples has a value of its own"
    if distinct == 2:
        return TraitKind.TWO_LEVEL, ""
    if 2 * distinct > n:
        return TraitKind.ID_LIKE, f"{distinct} different values in {n} samples"
    sizes = pd.to_numeric(pd.Series(list(counts), dtype=object), errors="coerce")
    if was_text and distinct > MAX_CODED_LEVELS and sizes.notna().all():
        return TraitKind.MANY_LEVEL, (
            f"{distinct} levels, all whole numbers stored as text: store numbers if it is measured"
        )
    return TraitKind.MANY_LEVEL, ""


def _number_kind(
    name: str, numbers: pd.Series[Any], counts: Mapping[Any, int]
) -> tuple[TraitKind, str]:
    n, distinct = sum(counts.values()), len(counts)
    if distinct == 2:
        return TraitKind.TWO_LEVEL, ""
    is_id = are_whole(numbers) and _names_an_id(name)
    if is_id and 2 * distinct > n:
        return TraitKind.ID_LIKE, f"named like an id, {distinct} whole numbers in {n} samples"
    if _is_running(counts, n=n):
        return TraitKind.ID_LIKE, f"numbers the samples from {min(counts):.0f} on"
    if is_id or looks_coded(numbers):
        return TraitKind.CONTINUOUS, (
            f"{distinct} whole-number levels: pass --categorical {name} if these are groups"
        )
    return TraitKind.CONTINUOUS, ""


def _is_running(counts: Mapping[float, int], *, n: int) -> bool:
    """Whether ten or more samples are just numbered 0, 1, 2, … or 1, 2, 3, …, in any order."""
    first = min(counts)
    return n >= _MIN_RUNNING and first in (0, 1) and set(counts) == set(np.arange(first, first + n))


def _names_an_id(name: str) -> bool:
    """`Number`, `patient`, `Mouse_ID`, `sampleNumber`, but neither `weight` nor `cell_number`."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return _ID_NAME.fullmatch(" ".join(words).casefold()) is not None
