"""Traits in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from isograph.explanation.page.format import NO_BREAK, equals_pvalue, one_fixed
from isograph.explanation.page.rows import records

CLEAR_Q = 0.05
MANY_LEVELS = "anova"
_SHORTEST_NAME = 2


def traits_of(traits: pd.DataFrame, name: str) -> pd.DataFrame:
    """Tests of one module or programme by p, with `reads_as`: the direction in words."""
    mine = traits[traits["module_id"] == name]
    mine = mine.sort_values(["pvalue", "trait"], kind="stable", na_position="last")
    words = [direction(row) for row in records(mine)]
    return mine.assign(reads_as=words).reset_index(drop=True)


def direction(test: Mapping[str, Any]) -> str:
    """`higher in SCZD than in Control`, `rises with Age`, `differs between levels`."""
    r = test["r"]
    if r is None or pd.isna(r):
        return ""
    if test["test"] == MANY_LEVELS:
        return "differs between levels"
    level, reference = test["level"], test["reference_level"]
    if isinstance(level, str) and isinstance(reference, str):
        # a code such as 0 or 1 says nothing without its trait
        where = f"at {test['trait']} = " if len(level) < _SHORTEST_NAME else "in "
        return f"{'higher' if r > 0 else 'lower'} {where}{level} than {where[:3]}{reference}"
    return f"{'rises' if r > 0 else 'falls'} with {test['trait']}"


def strength(test: Mapping[str, Any]) -> str:
    """`r = 0.80`; η, which has no sign, for traits of three levels or more."""
    name = "η" if test["test"] == MANY_LEVELS else "r"
    return f"{name} = {one_fixed(float(test['r']))}".replace(" ", NO_BREAK)


def trait_sentences(tests: Sequence[Mapping[str, Any]], *, thing: str) -> list[str]:
    """Which traits go with it, and how; or that none does.

    Args:
        tests: by p; where the first has no direction, the first that has one is told too.
        thing: `module` or `factor`.
    """
    if not tests:
        return ["No trait was tested."]
    first = tests[0]
    if not first["qvalue"] <= CLEAR_Q:
        return [f"No trait clearly goes with it; the closest is {_told(first)}."]
    told = [f"Strongest trait: {_told(first)}: {_it(first, thing)}."]
    directed = [test for test in tests if test["test"] != MANY_LEVELS]
    if first["test"] == MANY_LEVELS and directed and directed[0]["qvalue"] <= CLEAR_Q:
        told.append(f"Strongest with a direction: {_told(directed[0])}: {_it(directed[0], thing)}.")
    return told


def _told(test: Mapping[str, Any]) -> str:
    return f"{test['trait']} ({strength(test)}, {equals_pvalue('q', float(test['qvalue']))})"


def _it(test: Mapping[str, Any], thing: str) -> str:
    words = direction(test)
    return f"the {thing} {'is ' if words.startswith(('higher', 'lower')) else ''}{words}"
