"""Rows of tables as plain mappings."""

from __future__ import annotations

from typing import Any

import pandas as pd


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Every row, by column name."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def row_of(table: pd.DataFrame, key: str, name: str) -> dict[str, Any]:
    """The first row that has this name in a column."""
    return records(table[table[key] == name].head(1))[0]
