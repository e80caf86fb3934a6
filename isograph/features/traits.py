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

SAMPLE_ID = "sample_id"
_MISSING_TEXT = frozenset({"", "NA", "N/A", "NaN", "nan", "NULL", "null", "<NA>"})
_CONTROL = re.compile(
    r"controls?|ctrl|ctl|healthy|normal|unaffected|wt|wildtype|untreated|vehicle|mock|naive"
    r"|none|no|false|0"
)
_MAX_CODED_LEVELS = 10
_MAX_CODE = 99
_MIN_RUNNING = 10
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


@dataclass(frozen=True)
class Trait:
    """One sample column as a trait.

    Attributes:
        name: the column.
        kind: decides the test; constant and id-like columns are not tested.
        levels: of grouped kinds, in order, reference level first; empty otherwise.
        n_missing: samples without a value (infinite numbers count as missing).
        reason: what made the choice, or what the user may want to know; may be empty.
        values: one value a sample, indexed by sample id: float64 with NaN where the trait is
            measured, categories (`levels`) where it is grouped.
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
        return self.kind not in (TraitKind.CONSTANT, TraitKind.ID_LIKE)

    @property
    def reference_level(self) -> str | None:
        """The level that a two-level trait's effect starts from."""
        return self.levels[0] if self.levels else None

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
) -> tuple[Trait, ...]:
    """Decide the kind of every sample column, or of those named.

    Args:
        samples: one row a sample, with `sample_id`; every other column may be a trait.
        categorical: columns that are groups although they are written as numbers.
        names: columns wanted; None takes all, including those that cannot be tested.

    Returns:
        Traits in the order of `names`, or of the columns.

    Raises:
        StudyError: names every unknown column (with near ones), and every wanted column that
            cannot be tested, with the reason.
    """
    columns = [str(column) for column in samples.columns if column != SAMPLE_ID]
    wanted = columns if names is None else list(dict.fromkeys(names))
    problems = Problems()
    check_known(problems, "traits", [n for n in wanted if n != SAMPLE_ID], known=columns)
    check_known(problems, "categorical", categorical, known=columns)
    if SAMPLE_ID in wanted:
        problems.add(f"traits: {SAMPLE_ID}", "names the samples and is no trait")
    traits = [
        _infer(name, samples[name].set_axis(samples[SAMPLE_ID].astype(str)), name in categorical)
        for name in wanted
        if name in columns
    ]
    if names is not None:
        for trait in traits:
            if not trait.testable:
                fix = "leave it out" if trait.kind == TraitKind.CONSTANT else _ID_FIX
                problems.add(f"traits: {trait.name}", f"{trait.kind}: {trait.reason}", fix=fix)
    problems.raise_if_any(StudyError, "traits refused")
    return tuple(traits)


_ID_FIX = "leave it out, or rename or recode the column if it is a measurement"


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
            fix=f"did you mean {guess}?" if guess else f"columns are {', '.join(known) or 'none'}",
        )


def read_column(column: pd.Series[Any], *, categorical: bool = False) -> pd.Series[Any]:
    """A sample column as numbers or as groups, whatever its dtype on disk.

    Numbers stay numbers unless `categorical`. Truth values, text, dates and pandas categories are
    groups; text that reads as fractional numbers, with more than ten different ones, is numbers.
    Blank text and `NA`, `N/A`, `NaN`, `null` in their usual spellings are missing, as are infinite
    numbers.

    Args:
        column: one value a sample.
        categorical: take numbers as groups.

    Returns:
        With the column's index: float64 with NaN, or categories that occur, in level order
        (numbers by size, text by text, controls first; ordered categories keep their order).
    """
    index, column = column.index, column.reset_index(drop=True)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _read_categories(column).set_axis(index)
    present = column.dropna()
    if present.dtype == object:
        is_decimal = pd.api.types.infer_dtype(present) == "decimal"
        present = present.astype(np.float64) if is_decimal else present.infer_objects()
    is_bool = pd.api.types.is_bool_dtype(present.dtype)
    if pd.api.types.is_numeric_dtype(present.dtype) and not is_bool:
        numbers = present.astype(np.float64)
        numbers = numbers[np.isfinite(numbers)]
        values = as_groups(numbers) if categorical else numbers
    else:
        # whole days are written without a time of day
        text = present.astype(str).str.strip()
        text = text[~text.isin(_MISSING_TEXT)]
        parsed = None if categorical or is_bool else _measured_text(text)
        values = _grouped(text) if parsed is None else parsed
    return values.reindex(column.index).set_axis(index)


def as_groups(numbers: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers as categories, ordered by size; whole numbers are written without a point."""
    return _grouped(numbers.dropna().map(_number_text)).reindex(numbers.index)


def looks_coded(numbers: pd.Series[Any]) -> bool:
    """Whether numbers may be group codes: 3 to 10 small whole numbers, each in several samples."""
    counts = numbers.value_counts()
    return (
        2 < len(counts) <= _MAX_CODED_LEVELS
        and int(counts.min()) > 1
        and _are_whole(numbers)
        and float(numbers.abs().max()) <= _MAX_CODE
    )


def _read_categories(column: pd.Series[Any]) -> pd.Series[Any]:
    text = column.dropna().astype(str).str.strip()
    text = text[~text.isin(_MISSING_TEXT)]
    if not column.cat.ordered:
        return _grouped(text).reindex(column.index)
    seen = set(text)
    order = dict.fromkeys(str(level).strip() for level in column.cat.categories)
    dtype = pd.CategoricalDtype([level for level in order if level in seen])
    return text.astype(dtype).reindex(column.index)


def _grouped(text: pd.Series[Any]) -> pd.Series[Any]:
    return text.astype(pd.CategoricalDtype(_in_order(text.unique())))


def _in_order(levels: Iterable[str]) -> list[str]:
    """Levels by size where all are numbers, else by text; well-known controls first."""
    ordered = sorted(levels)
    sizes = pd.to_numeric(pd.Series(ordered, dtype=object), errors="coerce")
    if sizes.notna().all():
        ordered = [ordered[i] for i in np.argsort(sizes.to_numpy(), kind="stable")]
    return sorted(ordered, key=lambda level: not _is_control(level))


def _is_control(level: str) -> bool:
    return _CONTROL.fullmatch(re.sub(r"[\s_-]+", "", level.casefold())) is not None


def _number_text(number: float) -> str:
    return f"{number:.0f}" if float(number).is_integer() else repr(float(number))


def _are_whole(numbers: pd.Series[Any]) -> bool:
    present = numbers.dropna()
    return bool((present == np.rint(present)).all())


def _measured_text(text: pd.Series[Any]) -> pd.Series[Any] | None:
    """Numbers that were stored as text; whole ones are left as text: they may be dates or codes."""
    parsed = pd.to_numeric(text, errors="coerce").astype(np.float64)
    measured = (
        bool(np.isfinite(parsed).all())
        and parsed.nunique() > _MAX_CODED_LEVELS
        and not _are_whole(parsed)
    )
    return parsed if measured else None


def _infer(name: str, column: pd.Series[Any], categorical: bool) -> Trait:
    values = read_column(column, categorical=categorical)
    counts: Mapping[Any, int] = values.value_counts().loc[lambda count: count > 0].to_dict()
    was_text = pd.api.types.infer_dtype(column, skipna=True) == "string"
    if len(counts) < 2:
        kind = TraitKind.CONSTANT
        one = next(iter(counts), None)
        shown = _number_text(one) if isinstance(one, float) else one
        reason = "no sample has a value" if one is None else f"every sample has the value {shown}"
    elif isinstance(values.dtype, pd.CategoricalDtype):
        kind, reason = _grouped_kind(counts, was_text=was_text)
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


def _grouped_kind(counts: Mapping[Any, int], *, was_text: bool) -> tuple[TraitKind, str]:
    n, distinct = sum(counts.values()), len(counts)
    if max(counts.values()) == 1:
        return TraitKind.ID_LIKE, f"each of {n} samples has a value of its own"
    if distinct == 2:
        return TraitKind.TWO_LEVEL, ""
    if 2 * distinct > n:
        return TraitKind.ID_LIKE, f"{distinct} different values in {n} samples"
    sizes = pd.to_numeric(pd.Series(list(counts), dtype=object), errors="coerce")
    if was_text and distinct > _MAX_CODED_LEVELS and sizes.notna().all():
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
    is_id = _are_whole(numbers) and _names_an_id(name)
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
