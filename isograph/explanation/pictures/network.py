"""The network of a module's best connected genes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from isograph.explanation.pictures.frame import EDGE, HEAD, Picture, canvas, head, panel
from isograph.explanation.pictures.graph_layout import stress_layout
from isograph.explanation.pictures.label_places import label_places
from isograph.explanation.pictures.words import (
    TEXT,
    gene_labels,
    plain,
    shortened,
    shown_of,
    text_width,
)
from isograph.explanation.source import MODULE, Profile, Source
from isograph.plots.style import DARK, ROLE_COLOURS

MOST = 40

_WIDTH, _KEY = 9.6, 0.3
_HEIGHTS = (0.9, 0.8)  # and that much more by the root of the number of genes
_LONGEST = 2.6  # inches of a distance of 1
_MARGIN, _LABEL, _LINE = 0.35, 1.4, "#C6C6C6"
_EDGES_A_GENE = 3

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Graph:
    """The part of a module's network that is drawn.

    Attributes:
        genes: shape (n,), sorted.
        edges: rows of `genes` at both ends, shape (n_edges, 2).
        weight: shape (n_edges,).
        connectivity: sum of the weights of all edges of a gene in the module, shape (n,).
        n_genes: genes of the module with an edge.
        n_edges: edges of the module.
    """

    genes: npt.NDArray[np.str_]
    edges: Ints
    weight: Floats
    connectivity: Floats
    n_genes: int
    n_edges: int


def network_figure(source: Source, profile: Profile, *, most: int = MOST) -> Picture | None:
    """Genes of a module with the strongest connections, and the strongest edges among them.

    Colour is the gene's role, size its connectivity within the module (kWithin: the sum of its
    edges' weights), the width of a line the weight of the edge.

    Args:
        source: fit and data.
        profile: module or programme.
        most: how many genes.

    Returns:
        None for a programme, and for a module without an edge.
    """
    if profile.kind != MODULE:
        return None
    edges = source.fit.edges
    inside = np.isin(edges["source"].to_numpy(dtype=str), profile.genes)
    inside &= np.isin(edges["target"].to_numpy(dtype=str), profile.genes)
    graph = _strongest(edges[inside], most)
    if graph is None:
        return None
    tall = _HEIGHTS[0] + _HEIGHTS[1] * len(graph.genes) ** 0.5
    figure = canvas(_WIDTH, HEAD + _KEY + tall)
    what = f"{shown_of(len(graph.genes), graph.n_genes, 'genes with edges')}"
    if len(graph.genes) < graph.n_genes:
        what += ", largest connectivity"
    lines = shown_of(len(graph.edges), graph.n_edges, "edges")
    strongest = ", strongest" if len(graph.edges) < graph.n_edges else ""
    head(figure, f"{profile.name}: its network", f"{what}; {lines}{strongest}")
    axes = panel(figure, 0, HEAD + _KEY, _WIDTH, tall)
    axes.set_xlim(0, _WIDTH)
    axes.set_ylim(0, tall)
    axes.set_axis_off()
    table = source.fit.roles
    table = table[table["module_id"] == profile.name]
    role = (
        table.set_index("gene_id")["module_role"]
        .reindex(list(graph.genes))
        .fillna("inactive")
        .to_numpy(dtype=str)
    )
    _draw(axes, graph, role, gene_labels(source.gene_names, graph.genes), tall)
    _legend(figure, set(role))
    caption = (
        f"{what}, and {lines} among the module's genes"
        f"{strongest and ', the strongest'}: colour is the gene's role, size its connectivity, "
        "width of a line the weight of the edge."
    )
    return Picture("Network", caption, figure)


def _strongest(edges: pd.DataFrame, most: int) -> _Graph | None:
    """The best connected genes, and the strongest edges that keep each of them in sight."""
    if edges.empty:
        return None
    ends = edges[["source", "target"]].to_numpy(dtype=str)
    weight = edges["weight"].to_numpy(dtype=np.float64)
    genes, place = np.unique(ends, return_inverse=True)
    place = place.reshape(ends.shape)
    within = np.bincount(place.ravel(), weights=np.repeat(weight, 2), minlength=len(genes))
    kept = np.sort(np.lexsort((np.arange(len(genes)), -np.round(within, 9)))[:most])
    both = np.isin(place, kept).all(axis=1)
    pairs, weight = np.searchsorted(kept, place[both]), weight[both]
    drawn = _clearest(pairs, weight, len(kept))
    pairs, weight = pairs[drawn], weight[drawn]
    # hubs of other parts may have no edge with those that are shown
    alone = np.setdiff1d(np.arange(len(kept)), pairs)
    left = np.delete(np.arange(len(kept)), alone)
    if not len(left):
        return None
    pairs = np.searchsorted(left, pairs)
    return _Graph(
        genes=genes[kept[left]],
        edges=pairs,
        weight=weight,
        connectivity=within[kept[left]].astype(np.float64),
        n_genes=len(genes),
        n_edges=len(edges),
    )


def _clearest(pairs: Ints, weight: Floats, n: int) -> Ints:
    """Rows of the strongest edges of each gene, so that no gene drowns in its hub's lines."""
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -np.round(weight, 9)))
    both = np.concatenate([pairs[order, 0], pairs[order, 1]])
    edge = np.concatenate([order, order])
    strength = np.tile(np.arange(len(order)), 2)
    by_gene = np.lexsort((strength, both))
    first = np.searchsorted(both[by_gene], np.arange(n))
    rank = np.arange(len(both)) - first[both[by_gene]]
    return np.unique(edge[by_gene][rank < _EDGES_A_GENE])


def _draw(
    axes: Axes, graph: _Graph, role: npt.NDArray[np.str_], labels: list[str], tall: float
) -> None:
    n = len(graph.genes)
    matrix = np.zeros((n, n))
    matrix[graph.edges[:, 0], graph.edges[:, 1]] = graph.weight
    matrix += matrix.T
    place = _in_frame(stress_layout(matrix), tall)
    radius = 0.055 + 0.065 * np.sqrt(graph.connectivity / graph.connectivity.max())
    least, most = graph.weight.min(), graph.weight.max()
    # weights nearly alike are drawn alike
    width = 1.0 + 2.6 * (graph.weight - least) / max(most - least, 0.05 * most)
    axes.add_collection(
        LineCollection(list(place[graph.edges]), colors=_LINE, linewidths=width, zorder=1)
    )
    for name, colour in ROLE_COLOURS.items():
        which = role == name
        axes.scatter(
            place[which, 0],
            place[which, 1],
            s=(radius[which] * 144) ** 2,
            color=colour,
            edgecolor="white",
            linewidth=0.8,
            zorder=2,
        )
    labels = [shortened(label, _LABEL, middle=True) for label in labels]
    sizes = np.array([[text_width(label), 0.14] for label in labels])
    order = np.argsort(-np.round(graph.connectivity, 9), kind="stable")
    corners = label_places(
        place[order],
        sizes[order],
        radius=radius[order],
        frame=(_WIDTH, tall),
        lines=place[graph.edges],
    )
    halo = [patheffects.withStroke(linewidth=2.2, foreground="white")]
    for one, (x, y) in zip(order, corners, strict=True):
        axes.text(x, y + 0.025, plain(labels[one]), fontsize=TEXT, path_effects=halo, zorder=3)


def _in_frame(place: Floats, tall: float) -> Floats:
    """Positions stretched over the axes, at most twice as much one way as the other."""
    low, high = place.min(axis=0), place.max(axis=0)
    room = np.array([_WIDTH - 2 * _MARGIN - _LABEL, tall - 2 * _MARGIN])
    scale = room / np.maximum(high - low, 1e-9)
    scale = np.minimum(scale, min(2.0 * scale.min(), _LONGEST))
    middle = np.array([_WIDTH, tall]) / 2 - np.array([_LABEL / 4, 0.0])
    framed: Floats = (place - (low + high) / 2) * scale + middle
    return framed


def _legend(figure: Figure, present: set[str]) -> None:
    handles = [
        Line2D([], [], color=colour, marker="o", linestyle="none", markersize=7, label=label)
        for name, colour in ROLE_COLOURS.items()
        if name in present and (label := name.replace("_", " "))
    ]
    width, height = figure.get_size_inches()
    figure.legend(
        handles=handles,
        loc="center left",
        bbox_to_anchor=(EDGE / width, 1 - (HEAD + 0.12) / height),
        ncols=len(handles),
        fontsize=TEXT,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handletextpad=0.2,
        columnspacing=1.2,
        labelcolor=DARK,
    )
