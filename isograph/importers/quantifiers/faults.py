"""Cells of a matrix that are no counts, gathered over its blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import csv

from isograph.errors import Problems
from isograph.importers.quantifiers.columns import AGAIN
from isograph.importers.quantifiers.model import Floats
from isograph.importers.reading import LARGEST

_MISSING = frozenset(csv.ConvertOptions().null_values)


class Faults:
    """Bad cells by what is wrong with them: how many, and the first three.

    Args:
        samples: names of the columns.
    """

    def __init__(self, samples: Sequence[str]) -> None:
        self._samples = samples
        self._count: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._count)

    def numbers(self, values: Floats, ids: Any) -> None:
        """Note numbers, shape (rows, s), that are missing, negative or too large."""
        if ((values >= 0) & (values <= LARGEST)).all():
            return
        self._add("missing or NaN", np.isnan(values), values, ids)
        self._add("negative", values < 0, values, ids)
        self._add("infinite or impossibly large", values > LARGEST, values, ids)

    def words(self, cells: Any, ids: Any) -> None:
        """Note cells of text that are no numbers."""
        text = cells.to_pandas().to_numpy(dtype=object)
        flat = pd.Series(text.ravel()).str.strip()
        bad = pd.to_numeric(flat, errors="coerce").isna() & ~flat.isin(_MISSING)
        self._add("not numbers", bad.to_numpy().reshape(text.shape), text, ids)

    def report(self, where: str, problems: Problems) -> None:
        """Note everything found as problems."""
        for what, count in self._count.items():
            problems.add(
                where,
                f"counts that are {what}",
                examples=self._examples[what],
                count=count,
                fix=AGAIN,
            )

    def _add(self, what: str, bad: Any, values: Any, ids: Any) -> None:
        rows, columns = np.nonzero(bad)
        if not len(rows):
            return
        self._count[what] = self._count.get(what, 0) + len(rows)
        shown = self._examples.setdefault(what, [])
        for row, column in zip(rows[:3], columns[:3], strict=True):
            shown.append(f"{ids[int(row)]} in {self._samples[column]} ({values[row, column]!s})")
