"""Dendrogram of a network with bars of module colours under it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from isograph.backends.wgcna.dendrogram import FILE, read_dendrograms
from isograph.backends.wgcna.tree import Tree
from isograph.plots.style import (
    DARK,
    NO_MODULE,
    NORMAL,
    RED,
    SMALL,
    empty_figure,
    module_colour,
    new_figure,
)
from isograph.results.model import Fit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MOST_BLOCKS = 4
_MOST_NAMES = 24
_NAMES_A_ROW = 12
# a leaf hangs this share of the tree's span below the merge that takes it in
_HANG = 0.06
_FEWEST_LEAVES = 2


def dendrogram_figure(fit: Fit) -> Figure | None:
    """The tree of each block over its modules, after the cut and after merging.

    Args:
        fit: in memory or read from a folder.

    Returns:
        The figure; None for a fit without a dendrogram.

    Raises:
        OutputError: the stored dendrogram cannot be read.
    """
    if FILE not in fit.files:
        return None
    found = [one for one in read_dendrograms(fit.files) if len(one.feature_ids) >= _FEWEST_LEAVES]
    if not found:
        return empty_figure("no dendrogram: too few features")
    shown = found[:_MOST_BLOCKS]
    figure = new_figure(8.6, 0.55 + 3.0 * len(shown))
    ratios = [4.0, 0.45, 0.45] * len(shown)
    panels = figure.subplots(3 * len(shown), 1, height_ratios=ratios, squeeze=False)[:, 0]
    names = list(fit.summary["module_id"])
    cut_height = (fit.calibration or {}).get("detect_cut_height")
    for number, one in enumerate(shown):
        tree, cut, final = panels[3 * number : 3 * number + 3]
        _draw_tree(tree, one.tree, cut_height)
        if len(found) > 1:
            tree.set_title(f"block {number + 1} of {len(found)}", fontsize=NORMAL, loc="left")
        order = one.tree.order
        place = {name: position for position, name in enumerate(names)}
        modules = np.array([place.get(name, -1) for name in one.module_ids], dtype=np.int64)
        numbers = colour_numbers(one.cut, modules, first_free=len(names))
        _draw_bar(cut, numbers[order], "tree cut")
        _draw_bar(final, modules[order], "modules")
    _legend(figure, names)
    return figure


def colour_numbers(cut: Ints, modules: Ints, *, first_free: int) -> Ints:
    """Numbers of colours for the modules of the tree cut, those of the modules they became.

    Of several that became one module, the largest has its colour; others have colours of their own.

    Args:
        cut: of each leaf, −1 for none, shape (n_leaves,).
        modules: in the end, −1 for none, shape (n_leaves,).
        first_free: the first colour that no module has.

    Returns:
        −1 for none, shape (n_leaves,).
    """
    n_cut, n_modules = int(cut.max(initial=-1)) + 1, int(modules.max(initial=-1)) + 1
    both = (cut >= 0) & (modules >= 0)
    shared = np.zeros((n_cut, n_modules), dtype=np.int64)
    np.add.at(shared, (cut[both], modules[both]), 1)
    number = np.full(n_cut + 1, -1, dtype=np.int64)
    if n_cut and n_modules:
        heir = shared.argmax(axis=0)
        owns = (shared.argmax(axis=1)[heir] == np.arange(n_modules)) & (shared.max(axis=0) > 0)
        number[heir[owns]] = np.flatnonzero(owns)
    rest = np.flatnonzero(number[:-1] < 0)
    number[rest] = first_free + np.arange(len(rest))
    coloured: Ints = number[cut]
    return coloured


def _draw_tree(axes: Axes, tree: Tree, cut_height: float | None) -> None:
    segments = tree_lines(tree)
    axes.add_collection(LineCollection(list(segments), colors=DARK, linewidths=0.35))
    low, high = float(segments[:, :, 1].min()), float(tree.height.max())
    pad = 0.02 * max(high - low, 1e-9)
    axes.set_xlim(-0.5, tree.n_leaves - 0.5)
    axes.set_ylim(low - pad, high + 2 * pad)
    if cut_height is not None and low < cut_height <= high:
        axes.axhline(cut_height, color=RED, linewidth=0.8, linestyle="--")
    axes.set_xticks([])
    axes.set_ylabel("1 − topological overlap", fontsize=NORMAL)
    axes.tick_params(labelsize=SMALL, length=2)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def tree_lines(tree: Tree) -> Floats:
    """The strokes of a tree: two legs and a bar a merge.

    Args:
        tree: leaf i stands at its place in `tree.order`.

    Returns:
        Ends of each stroke, shape (3 × n_merges, 2, 2), x before y.
    """
    n = tree.n_leaves
    hang = _HANG * float(tree.height.max() - tree.height.min()) or _HANG
    # nodes: leaves, then merges in their order
    node = np.where(tree.merge < 0, -tree.merge - 1, tree.merge + n - 1)
    x = np.empty(2 * n - 1)
    x[tree.order] = np.arange(n)
    for number, (left, right) in enumerate(node):
        x[n + number] = (x[left] + x[right]) / 2
    top = np.repeat(tree.height[:, None], 2, axis=1)
    own = np.concatenate([np.zeros(n), tree.height])
    foot = np.where(node < n, top - hang, own[node])
    at = x[node]
    legs = np.stack([np.stack([at, foot], axis=-1), np.stack([at, top], axis=-1)], axis=-2)
    bars = np.stack([at, top], axis=-1)
    return np.concatenate([legs.reshape(-1, 2, 2), bars])


def _draw_bar(axes: Axes, numbers: Ints, label: str) -> None:
    """One bar of colours; `numbers` are −1 for none, shape (n_leaves,)."""
    colours = [module_colour(number) for number in range(int(numbers.max(initial=-1)) + 1)]
    known = np.array([to_rgb(colour) for colour in (*colours, NO_MODULE)])
    axes.imshow(known[numbers][None], aspect="auto", interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([0], [label], fontsize=NORMAL)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _legend(figure: Figure, names: list[str]) -> None:
    patches = [
        Patch(color=module_colour(number), label=name)
        for number, name in enumerate(names[:_MOST_NAMES])
    ]
    patches.append(Patch(color=NO_MODULE, label="none"))
    n_rows = -(-len(patches) // _NAMES_A_ROW)
    title = None
    if len(names) > _MOST_NAMES:
        title = f"{_MOST_NAMES} largest of {len(names)} modules; colours come again"
    figure.legend(
        handles=patches,
        loc="outside lower center",
        ncols=-(-len(patches) // n_rows),
        fontsize=SMALL,
        frameon=False,
        title=title,
        title_fontsize=SMALL,
        handlelength=1.0,
        columnspacing=1.2,
    )
