"""Sample traits as strips of colour over a heatmap, with their legends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.colors import to_rgb

from isograph.explanation.pictures.words import number
from isograph.explanation.source import Profile, Source
from isograph.features.traits import Trait, TraitKind
from isograph.plots.style import BLUE, GREEN, GREY, ORANGE, PALE, PINK, RED, SEQUENTIAL, SKY

MOST_TRAITS = 6

_LEVEL_COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED)
_TWO = (SKY, "#333333")
_STEPS = 5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TraitTest:
    """A sample trait and its test against one module.

    Attributes:
        trait: kind, levels and values.
        test: row of the fit's `traits` table.
    """

    trait: Trait
    test: pd.Series[Any]

    @property
    def grouped(self) -> bool:
        """Whether the trait has levels, ordered ones too, rather than numbers."""
        return bool(self.trait.levels)


def best_traits(source: Source, profile: Profile, *, most: int = MOST_TRAITS) -> list[TraitTest]:
    """The traits that go best with a profile, by q, then p, then name.

    Args:
        source: fit and data.
        profile: module or programme.
        most: how many.
    """
    tests = source.fit.traits
    tests = tests[tests["module_id"] == profile.name].dropna(subset=["pvalue"])
    tests = tests.sort_values(["qvalue", "pvalue", "trait"], kind="stable")
    traits = {trait.name: trait for trait in source.features.traits}
    rows = [row for _, row in tests.iterrows() if row["trait"] in traits]
    return [TraitTest(traits[row["trait"]], row) for row in rows[:most]]


def n_tested(source: Source, profile: Profile) -> int:
    """How many traits a profile was tested against."""
    tests = source.fit.traits
    return int(tests.loc[tests["module_id"] == profile.name, "pvalue"].notna().sum())


@dataclass(frozen=True)
class Strip:
    """One trait as colours.

    Attributes:
        colours: RGB, shape (n_samples, 3).
        key: legend: text and colour of each entry.
    """

    colours: Floats
    key: tuple[tuple[str, str], ...]


def trait_strip(trait: Trait, sample_ids: npt.NDArray[np.str_], *, most_levels: int) -> Strip:
    """Colours of a trait's values: sequential for numbers, one a level for groups.

    Args:
        trait: measured or grouped.
        sample_ids: which samples, in which order.
        most_levels: levels with a colour of their own, the most frequent; others share grey.
    """
    values = trait.values.reindex(list(sample_ids))
    missing = values.isna().to_numpy()
    if trait.kind == TraitKind.CONTINUOUS:
        colours, key = _measured(values.to_numpy(dtype=np.float64))
        if trait.levels:
            present = values.dropna()
            ends = [trait.levels[int(place)] for place in (present.min(), present.max())]
            key = ((" – ".join(ends), SEQUENTIAL),)
    else:
        colours, key = _grouped(values, trait.levels, most_levels)
    colours[missing] = to_rgb(PALE)
    return Strip(colours, (*key, ("missing", PALE)) if missing.any() else key)


def _measured(values: Floats) -> tuple[Floats, tuple[tuple[str, str], ...]]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    scaled = np.nan_to_num((values - low) / max(high - low, 1e-300))
    ramp = matplotlib.colormaps[SEQUENTIAL]
    digits = int(np.clip(2 - np.floor(np.log10(max(high - low, 1e-12))), 0, 6))
    if np.all(values[np.isfinite(values)] % 1 == 0):
        digits = 0
    ends = f"{number(low, digits)} – {number(high, digits)}"
    return ramp(scaled)[:, :3].copy(), ((ends, SEQUENTIAL),)


def _grouped(
    values: pd.Series[Any],
    levels: tuple[str, ...],
    most: int,
) -> tuple[Floats, tuple[tuple[str, str], ...]]:
    text = values.astype(object)
    count = text.value_counts()
    present = [level for level in levels if level in count.index]
    own = sorted(present, key=lambda level: (-int(count[level]), level))
    own = [level for level in present if level in set(own[:most])]
    palette = _TWO if len(present) == 2 else _LEVEL_COLOURS
    colour = dict(zip(own, palette, strict=False))
    key = [(level, colour[level]) for level in own]
    if len(present) > len(own):
        key.append((f"{len(present) - len(own)} more", GREY))
    rgb = {level: to_rgb(colour.get(level, GREY)) for level in present}
    none = to_rgb(PALE)
    found = np.array([rgb.get(value, none) for value in text], dtype=np.float64)
    return found.reshape(len(text), 3), tuple(key)
