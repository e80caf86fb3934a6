"""Where data sets stand in a panel of sweep points, and what is written under them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_GROUP_GAP = 0.6
_PARAMETER = re.compile(r"([a-z_]+?)([0-9][0-9.]*)")


@dataclass(frozen=True)
class PlotPoint:
    """Where a data set stands in its panel.

    Attributes:
        dataset: its name.
        group: outer parameter and value of a sweep over two; empty for one.
        parameter: the inner or only parameter; empty where there is none.
        label: under its tick.
        x: position.
    """

    dataset: str
    group: str
    parameter: str
    label: str
    x: float


def place_points(name: str, datasets: Sequence[str]) -> list[PlotPoint]:
    """Positions; sweeps over two parameters in groups of the first."""
    parsed = [labels_of(name, dataset) for dataset in datasets]
    parameters = {parameter for _, parameter, _ in parsed}
    found: list[PlotPoint] = []
    x, former = -1.0, None
    for dataset, (group, parameter, value) in zip(datasets, parsed, strict=True):
        x += 1.0 if former is None or former == group else 1.0 + _GROUP_GAP
        # with one parameter its name stands below the axis, with several at each tick
        label = value if len(parameters) == 1 else f"{parameter} {value}".strip()
        shown = parameter if len(parameters) == 1 else ""
        found.append(PlotPoint(dataset, group, shown, label, x))
        former = group
    return found


def labels_of(name: str, dataset: str) -> tuple[str, str, str]:
    """Group, parameter and value of a data set.

    >>> labels_of("noise_stress", "noise_stress-dispersion3-noise0.50")
    ('dispersion 3', 'noise', '.5')
    >>> labels_of("batch_effects", "batch_effects-sd0.25")
    ('', 'sd', '.25')
    >>> labels_of("core_v1", "toy_v1")
    ('', '', 'toy')
    """
    if not dataset.startswith(f"{name}-"):
        return "", "", dataset.removesuffix("_v1").replace("_", " ")
    parts = [_split(part) for part in dataset.removeprefix(f"{name}-").split("-")]
    outer = ", ".join(f"{parameter} {value}".strip() for parameter, value in parts[:-1])
    return outer, *parts[-1]


def _split(part: str) -> tuple[str, str]:
    """`noise0.50` as its name and its number at its shortest."""
    found = _PARAMETER.fullmatch(part)
    if found is None:
        return "", part
    number = f"{float(found[2]):g}"
    return found[1], number.removeprefix("0") if "." in number else number
