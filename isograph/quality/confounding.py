"""Sample columns that go together, so that the data cannot tell one from the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from isograph.features.traits import TraitKind
from isograph.network.significance import benjamini_hochberg, correlation_pvalue
from isograph.quality.model import Floats, Role, SampleColumn

LEAST_STRENGTH = 0.5
"""A large effect on the scale of r (Cohen 1988)."""

LEAST_Q = 0.05
_LEAST_SAMPLES = 4
_ONE_LINE = 1e-9

SAME, FIRST, SECOND = "same", "second_determines_first", "first_determines_second"
MEASURES = {
    "cramers_v": "Cramér’s V",
    "eta": "η",
    "r": "r",
}


@dataclass(frozen=True)
class _Values:
    """A column as numbers: codes of its levels (−1 where missing), or measurements."""

    grouped: bool
    codes: npt.NDArray[np.int64]
    numbers: Floats
    present: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Association:
    measure: str
    strength: float
    pvalue: float
    relation: str
    n: int


def column_pairs(columns: Sequence[SampleColumn], ids: Sequence[str]) -> pd.DataFrame:
    """How strongly every pair of sample columns goes together.

    - two grouped columns: Cramér's V with Bergsma's correction for small samples (2013, J. Korean
      Stat. Soc. 42:323); p by Fisher's exact test for 2 × 2, else by χ².
    - one grouped, one measured: η, the root of the share of variance between levels, adjusted for
      their number (Kelley 1935, PNAS 21:554); p by one-way analysis of variance.
    - two measured: |r| of Pearson, with its p.

    `relation` says where one column determines the other (each of its levels lies in one level of
    the other), `same` where both do: no model can tell the two apart then.

    Args:
        columns: usable ones.
        ids: samples, in the order to read them.

    Returns:
        A row a pair: `column_1`, `kind_1`, `role_1`, `column_2`, `kind_2`, `role_2`, `n` (samples
        with both), `measure`, `strength` (0 to 1), `pvalue`, `qvalue` (Benjamini–Hochberg over
        all pairs), `relation`.
    """
    values = [_values(column, ids) for column in columns]
    rows = []
    for i, j in combinations(range(len(columns)), 2):
        # library size and detected genes are of one sample and always go together
        if columns[i].role == columns[j].role == Role.MEASURED:
            continue
        found = _associate(values[i], values[j])
        one, other = columns[i], columns[j]
        rows.append(
            {
                "column_1": one.name,
                "kind_1": str(one.trait.kind),
                "role_1": str(one.role),
                "column_2": other.name,
                "kind_2": str(other.trait.kind),
                "role_2": str(other.role),
                "n": found.n,
                "measure": found.measure,
                "strength": found.strength,
                "pvalue": found.pvalue,
                "relation": found.relation,
            }
        )
    frame = pd.DataFrame(rows, columns=[name for name in PAIR_COLUMNS if name != "qvalue"])
    frame["qvalue"] = benjamini_hochberg(frame["pvalue"].to_numpy(dtype=np.float64))
    return frame[list(PAIR_COLUMNS)]


PAIR_COLUMNS = (
    *("column_1", "kind_1", "role_1", "column_2", "kind_2", "role_2", "n"),
    *("measure", "strength", "pvalue", "qvalue", "relation"),
)


def _values(column: SampleColumn, ids: Sequence[str]) -> _Values:
    trait = column.trait
    # ordered levels are groups here: whatever lies in one level only cannot be told from it
    series = trait.level_values.loc[list(ids)]
    if trait.kind == TraitKind.CONTINUOUS and not trait.levels:
        numbers = series.to_numpy(dtype=np.float64)
        none = np.full(len(numbers), -1, dtype=np.int64)
        return _Values(False, none, numbers, np.isfinite(numbers))
    codes = series.cat.codes.to_numpy().astype(np.int64)
    return _Values(True, codes, np.full(len(codes), np.nan), codes >= 0)


def _associate(one: _Values, other: _Values) -> _Association:
    both = one.present & other.present
    n = int(both.sum())
    if one.grouped and other.grouped:
        return _two_grouped(one.codes[both], other.codes[both], n)
    if one.grouped:
        return _mixed(one.codes[both], other.numbers[both], n, determined=SECOND)
    if other.grouped:
        return _mixed(other.codes[both], one.numbers[both], n, determined=FIRST)
    return _two_measured(one.numbers[both], other.numbers[both], n)


def _two_grouped(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], n: int) -> _Association:
    table = _crosstab(one, other)
    rows, columns = table.shape
    if n < _LEAST_SAMPLES or min(rows, columns) < 2:
        return _Association("cramers_v", np.nan, np.nan, "", n)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    df = (rows - 1) * (columns - 1)
    # Bergsma 2013, eqs. 4 to 6
    phi2 = max(chi2 / n - df / (n - 1), 0.0)
    r, c = (k - (k - 1) ** 2 / (n - 1) for k in (rows, columns))
    room = min(r, c) - 1
    v = float(np.sqrt(min(phi2 / room, 1.0))) if room > 0 else np.nan
    if table.shape == (2, 2):
        p = float(stats.fisher_exact(table).pvalue)
    else:
        p = float(special.chdtrc(df, chi2))
    return _Association("cramers_v", v, p, _relation(table), n)


def _crosstab(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Samples by level; levels without samples are left out."""
    _, rows = np.unique(one, return_inverse=True)
    _, columns = np.unique(other, return_inverse=True)
    table = np.zeros((int(rows.max(initial=-1)) + 1, int(columns.max(initial=-1)) + 1), np.int64)
    np.add.at(table, (rows, columns), 1)
    return table


def _relation(table: npt.NDArray[np.int64]) -> str:
    """Which of two groupings determines the other, `table` with levels of the first as rows."""
    first = bool(((table > 0).sum(axis=1) == 1).all())
    second = bool(((table > 0).sum(axis=0) == 1).all())
    if first and second:
        return SAME
    return SECOND if first else FIRST if second else ""


def _mixed(
    codes: npt.NDArray[np.int64], numbers: Floats, n: int, *, determined: str
) -> _Association:
    """A grouped and a measured column; `determined` is the relation if levels have one value."""
    _, codes, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    k = len(sizes)
    centred = standard_size(numbers)
    total = float((centred**2).sum())
    if n < _LEAST_SAMPLES or k < 2 or n - k < 1 or total <= 0:
        return _Association("eta", np.nan, np.nan, "", n)
    means = np.bincount(codes, weights=centred) / sizes
    within = float(((centred - means[codes]) ** 2).sum()) / total
    eta2 = max(1.0 - within * (n - 1) / (n - k), 0.0)
    if within <= _ONE_LINE:
        return _Association("eta", 1.0, 0.0, determined, n)
    f = ((1.0 - within) / (k - 1)) / (within / (n - k))
    p = float(special.fdtrc(k - 1, n - k, f))
    return _Association("eta", float(np.sqrt(eta2)), p, "", n)


def standard_size(numbers: Floats) -> Floats:
    """Numbers less their mean, of size 1 at most: squares of any unit stay finite, shape (n,)."""
    for _ in range(2):
        size = float(np.abs(numbers).max(initial=0.0))
        numbers = numbers / size if size > 0 else numbers
        numbers = numbers - (numbers.mean() if len(numbers) else 0.0)
    return numbers


def _two_measured(one: Floats, other: Floats, n: int) -> _Association:
    if n < _LEAST_SAMPLES or np.ptp(one) <= 0 or np.ptp(other) <= 0:
        return _Association("r", np.nan, np.nan, "", n)
    a, b = standard_size(one), standard_size(other)
    r = float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))
    p = float(correlation_pvalue(np.array([r]), n - 2.0)[0])
    relation = SAME if 1.0 - abs(r) <= _ONE_LINE else ""
    return _Association("r", abs(r), p, relation, n)
