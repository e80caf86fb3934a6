"""A gene's transcripts: their exons beside their usage at both ends of a profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from isograph.annotation.model import Annotation
from isograph.explanation.pictures.frame import (
    EDGE,
    HEAD,
    Picture,
    along,
    canvas,
    head,
    open_frame,
    panel,
    write,
)
from isograph.explanation.pictures.usage import FALLS, RISES, shift_text
from isograph.explanation.pictures.words import (
    TEXT,
    gene_labels,
    plain,
    shortened,
    shown_of,
    text_width,
    widest,
)
from isograph.explanation.source import Profile
from isograph.plots.style import DARK, PALE

MOST = 8

_WIDTH, _USAGE, _LABELS, _ROW = 10.6, 2.5, 2.1, 0.36
_OVER, _UNDER = 0.3, 0.5
_INTRONS = 0.4  # of the width, at most
_EXON_POWER, _INTRON_POWER = 0.6, 0.35
_CODING, _OTHER = 0.62, 0.34  # height in rows
_ARROWS = 18
_GREY = "#8A8A8A"

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def gene_structure_figure(
    annotation: Annotation,
    gene: str,
    *,
    profile: Profile,
    polarity: pd.DataFrame,
    names: pd.Series[str],
    most: int = MOST,
) -> Picture | None:
    """Exon structure of a gene's most used transcripts, and their usage in low and high samples.

    The transcript that rises and the one that falls stand first, then the others by usage. Introns
    and long exons are shortened so that every exon can be seen.

    Args:
        annotation: where exons and coding parts lie.
        gene: its id in the data set.
        profile: module or programme.
        polarity: as `explanation.schema.POLARITY`, of any genes.
        names: of genes, by id.
        most: how many transcripts.

    Returns:
        None where the gene has no usage, or none of its transcripts is in the annotation.
    """
    table = polarity[polarity["gene_id"] == gene].reset_index(drop=True)
    if table["usage_shift"].isna().all():
        return None
    shown, n_first = _chosen(table, most)
    rows = annotation.rows_of(shown["transcript_id"].to_numpy(dtype=str))
    if (rows < 0).all():
        return None
    label = gene_labels(names, [gene])[0]
    colours = [RISES, FALLS][:n_first] + [_GREY] * (len(shown) - n_first)
    labels = _labels(shown["transcript_id"], n_first)
    tall = _ROW * len(shown)
    left = EDGE + widest(labels) + 0.12
    width = _WIDTH - left - _USAGE - 0.45 - EDGE
    figure = canvas(_WIDTH, HEAD + _OVER + tall + _UNDER)
    what = shown_of(len(shown), len(table), "transcripts")
    what += ", most used" if len(shown) < len(table) else ""
    title = f"{label}: transcripts along {profile.name}"
    up, down = float(shown["usage_shift"].iloc[0]), float(shown["usage_shift"].iloc[n_first - 1])
    q = float(shown["qvalue"].iloc[:n_first].max(skipna=False))
    head(figure, title, f"{what}; usage shifts by {shift_text(up, down, q)}")
    axes = panel(figure, left, HEAD + _OVER, width, tall)
    _draw_structure(axes, annotation, rows, colours)
    _finish(axes, labels, colours)
    _write_place(figure, annotation, rows, left=left, width=width, top=HEAD + _OVER + tall + 0.12)
    usage = panel(figure, left + width + 0.3, HEAD + _OVER, _USAGE, tall)
    _draw_usage(usage, shown, colours)
    caption = (
        f"{label}: exons of {what} (thick parts code; introns and long exons shortened), and each "
        f"transcript's usage (its share of the gene) in the third of samples low (hollow) and high "
        f"(filled) in {along(profile)}; red rises, blue falls."
    )
    return Picture(f"Structure of {label}", caption, figure)


def _chosen(table: pd.DataFrame, most: int) -> tuple[pd.DataFrame, int]:
    """The transcripts that rise and fall most, how many these are, and then the most used."""
    shift = table["usage_shift"].to_numpy(dtype=np.float64)
    first = list(dict.fromkeys((int(np.nanargmax(shift)), int(np.nanargmin(shift)))))
    used = table[["usage_high", "usage_low"]].mean(axis=1).fillna(0.0).to_numpy()
    order = np.argsort(-np.round(used, 9), kind="stable")
    rows = [*first, *(row for row in order if row not in first)][:most]
    return table.iloc[rows].reset_index(drop=True), len(first)


def _labels(ids: pd.Series[str], n_first: int) -> list[str]:
    marks = ["▲ ", "▼ "][:n_first] + [""] * (len(ids) - n_first)
    room = _LABELS - text_width("▲ ")
    return [
        mark + shortened(str(name), room, middle=True)
        for mark, name in zip(marks, ids, strict=True)
    ]


def _draw_structure(axes: Axes, annotation: Annotation, rows: Ints, colours: list[str]) -> None:
    """One line a transcript, all of one chromosome: ids without versions may meet others'."""
    table = annotation.transcripts
    here = table["chromosome"].iloc[rows[rows >= 0][0]]
    together = [row for row in rows if row >= 0 and table["chromosome"].iloc[row] == here]
    scale = Scale.of(np.concatenate([annotation.exons(row) for row in together]))
    for place, (row, colour) in enumerate(zip(rows, colours, strict=True)):
        if row in together:
            parts = annotation.exons(row), annotation.coding(row)
            _draw_transcript(axes, place, *parts, str(table["strand"].iloc[row]), scale, colour)
            continue
        text = "not in the annotation" if row < 0 else f"on {table['chromosome'].iloc[row]}"
        axes.text(0.01, place, plain(text), fontsize=TEXT, color=DARK, va="center", style="italic")


@dataclass(frozen=True)
class Scale:
    """Genomic positions to places from 0 to 1, introns and long exons shortened.

    Attributes:
        breaks: ends of what is exon in any transcript, rising, shape (2 · n_blocks,).
        places: where they are drawn, of the same shape.
    """

    breaks: Floats
    places: Floats

    @staticmethod
    def of(exons: Ints) -> Scale:
        """Scale over the union of exons; first and last bases, both in, shape (n_exons, 2)."""
        order = np.argsort(exons[:, 0], kind="stable")
        start, end = exons[order, 0] - 1, exons[order, 1]
        reach = np.maximum.accumulate(end)
        new = np.append(True, start[1:] > reach[:-1])
        first = np.flatnonzero(new)
        breaks = np.column_stack([start[first], reach[np.append(first[1:], len(end)) - 1]])
        breaks = breaks.ravel().astype(np.float64)
        length = np.diff(breaks)
        size = np.where(np.arange(len(length)) % 2, length**_INTRON_POWER, length**_EXON_POWER)
        introns = size[1::2].sum()
        if introns:
            share = min(_INTRONS, 0.06 * len(size[1::2]) + 0.1)
            size[1::2] *= share / introns
            size[::2] *= (1 - share) / size[::2].sum()
        else:
            size /= size.sum()
        return Scale(breaks, np.append(0.0, np.cumsum(size)))

    def __call__(self, position: Ints | Floats) -> Floats:
        """Places of positions."""
        found: Floats = np.interp(position, self.breaks, self.places)
        return found


def _draw_transcript(
    axes: Axes, place: int, exons: Ints, coding: Ints, strand: str, scale: Scale, colour: str
) -> None:
    """Exons as boxes, coding parts thicker, arrows in introns that point along the strand."""
    low, high = scale(exons[:, 0] - 1), scale(exons[:, 1])
    axes.hlines(place, low.min(), high.max(), color=colour, linewidth=0.9, zorder=1)
    arrow = {"+": ">", "-": "<"}.get(strand)
    if arrow is not None:
        at = np.linspace(0, 1, _ARROWS + 2)[1:-1]
        between = (at[:, None] > high[None, :-1] + 0.006) & (at[:, None] < low[None, 1:] - 0.006)
        at = at[between.any(axis=1)]
        axes.plot(
            at,
            np.full(len(at), place),
            linestyle="none",
            marker=arrow,
            markersize=3.6,
            color=colour,
            markeredgewidth=0,
            zorder=1,
        )
    thick = scale(coding[:, 0] - 1), scale(coding[:, 1])
    boxes = []
    for (one, other), height in (((low, high), _OTHER), (thick, _CODING)):
        boxes += [
            Rectangle((start, place - height / 2), end - start, height)
            for start, end in zip(one, other, strict=True)
        ]
    axes.add_collection(
        PatchCollection(boxes, facecolor=colour, edgecolor=colour, linewidth=0.6, zorder=2)
    )


def _finish(axes: Axes, labels: list[str], colours: list[str]) -> None:
    axes.set_xlim(-0.005, 1.005)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks(np.arange(len(labels)), [plain(label) for label in labels])
    for tick, colour in zip(axes.get_yticklabels(), colours, strict=True):
        tick.set_color(DARK if colour == _GREY else colour)
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)


def _write_place(
    figure: Figure, annotation: Annotation, rows: Ints, *, left: float, width: float, top: float
) -> None:
    """Where the gene lies, between the ends of the strand."""
    first = annotation.transcripts.iloc[rows[rows >= 0][0]]
    together = annotation.transcripts["chromosome"].iloc[rows] == first["chromosome"]
    exons = np.concatenate([annotation.exons(row) for row in rows[(rows >= 0) & together]])
    ends = {"+": ("5′", "3′"), "-": ("3′", "5′")}.get(first["strand"], ("", ""))
    write(figure, left, top, ends[0], colour=DARK)
    write(figure, left + width, top, ends[1], colour=DARK, align="right")
    name = shortened(str(first["chromosome"]), 1.5)
    strand = {"-": " (−)", "+": " (+)"}.get(first["strand"], "")
    text = f"{name}:{exons.min():,}–{exons.max():,}{strand}, introns and long exons shortened"
    write(figure, left + width / 2, top, text, colour=DARK, align="center")


def _draw_usage(axes: Axes, shown: pd.DataFrame, colours: list[str]) -> None:
    low, high = (shown[f"usage_{end}"].to_numpy(dtype=np.float64) for end in ("low", "high"))
    rows = np.arange(len(shown))
    axes.hlines(rows, low, high, colors=colours, linewidth=2.2, alpha=0.45, zorder=1)
    axes.scatter(low, rows, s=36, facecolor="white", edgecolor=colours, linewidth=1.4, zorder=2)
    axes.scatter(high, rows, s=36, color=colours, linewidth=1.4, zorder=2)
    top = np.nanmax(np.concatenate([low, high]), initial=0.05)
    axes.set_xlim(-0.04 * top, 1.08 * top)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel("usage", fontsize=TEXT, labelpad=2)
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    open_frame(axes)
    marks = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker="o",
            markersize=6,
            color=DARK,
            markerfacecolor=face,
            label=label,
        )
        for face, label in (("white", "low third"), (DARK, "high third"))
    ]
    axes.legend(
        handles=marks,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=2,
        fontsize=TEXT,
        frameon=False,
        borderpad=0,
        borderaxespad=0.2,
        handletextpad=0.1,
        columnspacing=1,
    )
