"""How the transcripts of a module's genes share their reads along its profile."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from isograph.explanation.pictures.frame import (
    EDGE,
    HEAD,
    Picture,
    along,
    axis_name,
    canvas,
    genes_of,
    head,
    open_frame,
    paler,
    panel,
    write,
)
from isograph.explanation.pictures.smooth import smooth_mean
from isograph.explanation.pictures.words import (
    TEXT,
    gene_labels,
    number,
    shortened,
    shown_of,
    signed,
    small_number,
    text_width,
)
from isograph.explanation.source import Profile, Source
from isograph.explanation.switches import CLEAR_Q, switch_pairs
from isograph.explanation.usage import TranscriptUsage, rows_of_sorted
from isograph.features.design import Design, residualise
from isograph.features.model import ABUNDANCE
from isograph.plots.style import BLUE, GREY, ORANGE, RED

MOST = 9
RISES, FALLS = RED, BLUE

_MOST_GREY = 6
_LEFT, _PLOT, _BELOW, _APART = 0.72, 1.3, 0.46, 0.24
_WIDTHS = {1: 5.4, 2: 3.8, 3: 2.96}  # of a panel, by columns
_ID = 8.0
_SMALLEST_Q = 1e-300
_DENSE = 400  # points of a panel that a PDF holds as pixels from here on

Floats = npt.NDArray[np.float64]


def usage_figure(
    source: Source,
    profile: Profile,
    *,
    drivers: pd.DataFrame,
    polarity: pd.DataFrame,
    usage: TranscriptUsage | None = None,
    most: int = MOST,
) -> Picture | None:
    """Usage of the transcripts of the genes that switch most, a panel a gene.

    Where no gene has transcripts whose usage follows the profile, the abundance of its strongest
    genes is shown in their place, and the picture says so.

    Args:
        source: fit and data.
        profile: module or programme.
        drivers, polarity: as `explanation.schema` has them.
        usage: of the genes in `polarity`; read from the data set if None.
        most: how many genes.

    Returns:
        None where there is neither usage nor abundance to show.
    """
    switches = clear_switches(polarity)
    if switches.empty:
        why = "The data set has no transcript usage"
        if source.usage.known:
            why = "None of its genes has two transcripts with reads"
        if len(polarity):
            why = "No gene has a clear switch along it"
        return _abundance(source, profile, drivers=drivers, why=why, most=most)
    told = switches.head(most)
    wanted = np.sort(told["gene_id"].to_numpy(dtype=str))
    usage = source.usage.read(wanted) if usage is None else usage.of_genes(wanted)
    share = adjusted_share(usage.share, profile.design)
    what = f"{shown_of(len(told), len(switches), 'genes')} with a clear switch"
    figure, panels = _grid(
        f"{profile.name}: transcript usage along it",
        f"{what} (q ≤ {CLEAR_Q} for both transcripts), large and sure ones first",
        n=len(told),
        above=0.44,
        axes_names=(axis_name(profile), f"share of {source.usage.unit}"),
        reach=float(np.abs(profile.values).max()),
    )
    labels = gene_labels(source.gene_names, told["gene_id"])
    for place, (axes, left, top, width) in enumerate(panels):
        pair = told.iloc[place]
        rows = rows_of_sorted(usage.gene_ids, np.array([pair["gene_id"]]))
        ids = usage.transcript_ids[rows]
        pick = [int(np.argmax(ids == pair[f"transcript_{end}"])) for end in ("up", "down")]
        _draw_usage(axes, profile.values, share[rows], *pick)
        text = shift_text(pair["up_shift"], pair["down_shift"], pair["qvalue"])
        _name_panel(figure, left, top, width, labels[place], text)
        half = width / 2 - 0.17
        for mark, colour, end, start in (
            ("▲", RISES, "up", 0.0),
            ("▼", FALLS, "down", width / 2),
        ):
            name = shortened(pair[f"transcript_{end}"], half, size=_ID, middle=True)
            write(figure, left + start, top + 0.31, f"{mark} {name}", colour=colour, size=_ID)
    caption = (
        f"{what}, large and sure ones first: share of each gene's {source.usage.unit} in every "
        f"sample along {along(profile)}; red is the transcript that rises, blue the one that "
        "falls, grey the others; lines are smoothed means, bands one standard "
        f"deviation{_adjusted(profile)}."
    )
    return Picture("Transcript usage", caption, figure)


def clear_switches(polarity: pd.DataFrame) -> pd.DataFrame:
    """Rows of `switch_pairs` whose two transcripts both have q ≤ 0.05: large and sure ones first.

    Args:
        polarity: as `explanation.schema.POLARITY`.
    """
    pairs = switch_pairs(polarity)
    return pairs[pairs["qvalue"] <= CLEAR_Q].reset_index(drop=True)


def adjusted_share(share: Floats, design: Design) -> Floats:
    """Usage without what the design explains, around each transcript's mean, within 0 and 1.

    Args:
        share: shape (n_transcripts, n_samples), NaN where unknown.
        design: what is taken out.
    """
    if not design.rank or not len(share):
        return share
    known = np.isfinite(share)
    total = np.where(known, share, 0.0).sum(axis=1)
    mean = total / np.maximum(known.sum(axis=1), 1)
    adjusted: Floats = np.clip(residualise(share, design) + mean[:, None], 0.0, 1.0)
    return adjusted


def _draw_usage(axes: Axes, x: Floats, share: Floats, rises: int, falls: int) -> None:
    mean_usage = np.where(np.isfinite(share), share, 0.0).mean(axis=1)
    others = [row for row in np.argsort(-mean_usage, kind="stable") if row not in (rises, falls)]
    others = others[:_MOST_GREY]
    grid, mean, spread = smooth_mean(x, share)
    mean = np.clip(mean, 0.0, 1.0)
    if others:
        axes.plot(grid, mean[others].T, color=GREY, linewidth=1, zorder=1)
    for row, colour in ((rises, RISES), (falls, FALLS)):
        low, high = np.clip((mean[row] - spread[row], mean[row] + spread[row]), 0.0, 1.0)
        _draw_line(axes, x, share[row], (grid, mean[row], low, high), colour)
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])


def _draw_line(
    axes: Axes, x: Floats, y: Floats, smooth: tuple[Floats, Floats, Floats, Floats], colour: str
) -> None:
    grid, mean, low, high = smooth
    axes.fill_between(grid, low, high, color=colour, alpha=0.15, linewidth=0, zorder=0)
    axes.plot(
        x,
        y,
        "o",
        color=paler(colour, 0.6),
        markersize=3.2 if len(x) < _DENSE else 1.8,
        markeredgewidth=0,
        zorder=2,
        rasterized=len(x) >= _DENSE,
    )
    axes.plot(grid, mean, color=colour, linewidth=2, zorder=3)


def _abundance(
    source: Source, profile: Profile, *, drivers: pd.DataFrame, why: str, most: int
) -> Picture | None:
    """The strongest genes' abundance, in standard deviations, a panel a gene."""
    table = drivers[drivers["in_module"] & (drivers["feature_type"] == ABUNDANCE)]
    table = table.dropna(subset=["r"])
    if table.empty:
        return None
    told = table.head(most)
    what = f"{shown_of(len(told), len(table), genes_of(profile))}, largest |r|"
    figure, panels = _grid(
        f"{profile.name}: abundance along it",
        f"{why}: abundance of {what}",
        n=len(told),
        above=0.24,
        axes_names=(axis_name(profile), "abundance (SD)"),
        reach=float(np.abs(profile.values).max()),
    )
    values = feature_values(source, profile, told["feature_id"])
    grid, mean, spread = smooth_mean(profile.values, values)
    reach = np.nanmax(np.abs(values), initial=1.0) * 1.05
    labels = gene_labels(source.gene_names, told["gene_id"])
    for place, (axes, left, top, width) in enumerate(panels):
        row = told.iloc[place]
        line = (grid, mean[place], mean[place] - spread[place], mean[place] + spread[place])
        _draw_line(axes, profile.values, values[place], line, ORANGE)
        axes.set_ylim(-reach, reach)
        text = f"r {number(row['r'])}, q {small_number(row['qvalue'])}"
        _name_panel(figure, left, top, width, labels[place], text)
    caption = (
        f"{why}, so this is the abundance of {what}, in standard deviations, in every sample along "
        f"{along(profile)}; lines are smoothed means, bands one standard deviation."
    )
    return Picture("Abundance along it", caption, figure)


def feature_values(source: Source, profile: Profile, feature_ids: pd.Series[str]) -> Floats:
    """Values of features as the profile sees them, NaN where not observed, in the given order."""
    features = source.features_for(profile)
    place = pd.Series(np.arange(features.n_features), index=features.meta["feature_id"])
    rows = place.reindex(list(feature_ids)).to_numpy(dtype=np.int64)
    values: Floats = np.where(features.observed[rows], features.values[rows], np.nan)
    return values


def _grid(
    title: str, what: str, *, n: int, above: float, axes_names: tuple[str, str], reach: float
) -> tuple[Figure, list[tuple[Axes, float, float, float]]]:
    """A figure of n panels with common axes: each with its left, top and width in inches."""
    columns = min(n, 3) if n != 4 else 2
    rows = -(-n // columns)
    width, pitch = _WIDTHS[columns], above + _PLOT + 0.2
    full_width = _LEFT + columns * (width + _APART) - _APART + 0.2
    full_height = HEAD + rows * pitch - 0.2 + _BELOW
    figure = canvas(full_width, full_height)
    head(figure, title, what)
    panels = []
    for place in range(n):
        row, column = divmod(place, columns)
        left = _LEFT + column * (width + _APART)
        top = HEAD + row * pitch
        axes = panel(figure, left, top + above, width, _PLOT)
        axes.set_xlim(-1.05 * reach, 1.05 * reach)
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axes.tick_params(labelleft=column == 0, labelbottom=place + columns >= n)
        open_frame(axes)
        panels.append((axes, left, top, width))
    middle = _LEFT + (full_width - _LEFT) / 2
    write(figure, middle, full_height - 0.14, axes_names[0], align="center")
    middle = HEAD + above + (full_height - HEAD - above - _BELOW) / 2
    write(figure, EDGE + 0.06, middle, axes_names[1], align="center", upright=True)
    return figure, panels


def _name_panel(
    figure: Figure, left: float, top: float, width: float, label: str, text: str
) -> None:
    """The gene's name above its panel, and its numbers at the right."""
    write(figure, left + width, top + 0.11, text, align="right")
    room = max(width - text_width(text) - 0.12, 0.6)
    name = shortened(label, room, size=TEXT + 0.5, bold=True, middle=True)
    write(figure, left, top + 0.11, name, size=TEXT + 0.5, bold=True)


def shift_text(up: float, down: float, qvalue: float) -> str:
    """How usage of the two transcripts shifts, and the q of both."""
    return f"{signed(up)} / {signed(down)}, q {small_number(qvalue)}"


def _adjusted(profile: Profile) -> str:
    return ", adjusted for what the model took out" if profile.design.rank else ""
