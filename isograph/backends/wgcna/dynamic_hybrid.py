"""Dynamic hybrid tree cut: modules as branches of a dendrogram with a tight core and a clear gap.

Langfelder, Zhang & Horvath (2008), Bioinformatics 24:719, hybrid variant, with its supplement.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from isograph.backends.wgcna.pam import assign_rest
from isograph.backends.wgcna.tree import Tree
from isograph.errors import ConfigError, Problems

IntArray = npt.NDArray[np.int64]
Overlap = npt.NDArray[np.floating]

# core scatter allowed at deepSplit 0 … 4, as a share of the tree's useful height
CORE_SCATTER = (0.64, 0.73, 0.82, 0.91, 0.95)
# the gap wanted is this share of what the core scatter leaves
_GAP_SHARE = 0.75
_REFERENCE_QUANTILE = 0.05
_CUT_SHARE = 0.99


@dataclass(frozen=True)
class CutLimits:
    """What a branch must satisfy to be a module, in units of the tree's height.

    Attributes:
        cut_height: merges above it are not looked at.
        max_core_scatter: mean dissimilarity within the core, at most.
        min_gap: from the core scatter to the height where the branch ends, at least.
        min_size: members, at least.
    """

    cut_height: float
    max_core_scatter: float
    min_gap: float
    min_size: int


@dataclass
class _Branch:
    """A branch while the tree is climbed.

    `members` are in the order in which they joined. A composite branch holds finished modules and
    gets no members of its own.
    """

    members: list[int] = field(default_factory=list)
    size: int = 0
    composite: bool = False
    top: bool = True
    end: float = float("nan")
    small: bool = False


def cut_limits(
    tree: Tree, *, deep_split: int, min_size: int, cut_height: float | None = None
) -> CutLimits:
    """Limits from the tree's own heights.

    With h₀ the 5% quantile of the joining heights and h₁ the cut height (99% of the way from h₀ to
    the highest one unless given), scatter s is allowed up to h₀ + s (h₁ − h₀), the gap is at least
    ¾ (1 − s) (h₁ − h₀).

    Args:
        tree: the dendrogram.
        deep_split: 0 (few, tight modules) to 4 (many).
        min_size: smallest module.
        cut_height: absolute height; never above the tree's highest merge.

    Raises:
        ConfigError: `deep_split` or `min_size` out of bounds.
    """
    problems = Problems()
    if deep_split not in range(len(CORE_SCATTER)):
        problems.add("deep_split", f"{deep_split} is not there", fix="0, 1, 2, 3 or 4")
    if min_size < 2:
        problems.add("min_size", f"{min_size} is too small", fix="at least 2")
    problems.raise_if_any(ConfigError, "the tree cannot be cut")
    highest = float(tree.height[-1])
    at = max(round(len(tree.height) * _REFERENCE_QUANTILE), 1) - 1
    low = float(tree.height[at])
    top = low + _CUT_SHARE * (highest - low) if cut_height is None else min(cut_height, highest)
    scatter = CORE_SCATTER[deep_split]
    return CutLimits(
        cut_height=top,
        max_core_scatter=low + scatter * (top - low),
        min_gap=_GAP_SHARE * (1 - scatter) * (top - low),
        min_size=min_size,
    )


def cut_tree_hybrid(
    tree: Tree,
    overlap: Overlap,
    *,
    deep_split: int = 2,
    min_size: int = 30,
    pam_stage: bool = True,
    pam_respects_tree: bool = False,
    cut_height: float | None = None,
) -> IntArray:
    """Modules of a dendrogram.

    Args:
        tree: average-linkage tree of 1 − overlap.
        overlap: similarities, symmetric, diagonal 1, shape (n, n).
        deep_split: 0 (few, tight modules) to 4 (many).
        min_size: smallest module, at least 2.
        pam_stage: give what the tree left over to the nearest module, if that is near enough.
        pam_respects_tree: … only to a module on the same branch below the cut height.
        cut_height: absolute height; 99% of the tree's useful range if None.

    Returns:
        Module of each leaf, −1 for none, the largest module 0, shape (n,).

    Raises:
        ConfigError: `deep_split` or `min_size` out of bounds.
    """
    limits = cut_limits(tree, deep_split=deep_split, min_size=min_size, cut_height=cut_height)
    branches, root = _climb(tree, overlap, limits)
    labels = np.full(tree.n_leaves, -1, dtype=np.int64)
    small = np.full(tree.n_leaves, -1, dtype=np.int64)
    found = 0
    for number, branch in enumerate(branches):
        if branch.top and not branch.composite:
            end = limits.cut_height if np.isnan(branch.end) else branch.end
            scatter = _core_scatter(branch.members, overlap, limits.min_size)
            if not any(_failures(len(branch.members), scatter, end, limits)):
                labels[branch.members] = found
                found += 1
        if branch.small:
            small[branch.members] = number
    if pam_stage and found:
        labels = assign_rest(
            labels,
            np.where(labels < 0, small, -1),
            overlap,
            reach=limits.cut_height,
            branch=_tree_of_leaf(root, branches, tree) if pam_respects_tree else None,
        )
    return largest_first(labels)


def largest_first(labels: IntArray) -> IntArray:
    """The same partition, the largest module 0, ties by first member; −1 stays."""
    names, first, size = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    new = np.full(int(labels.max(initial=-1)) + 1, -1, dtype=np.int64)
    new[names[np.lexsort((first, -size))]] = np.arange(len(names))
    return np.where(labels >= 0, new[labels], -1) if len(names) else labels.copy()


def _climb(tree: Tree, overlap: Overlap, limits: CutLimits) -> tuple[list[_Branch], list[int]]:
    """Join leaves and branches from the bottom up; the branch of each merge comes along."""
    branches: list[_Branch] = []
    of_merge: list[int] = []
    for (a, b), height in zip(tree.merge.tolist(), tree.height.tolist(), strict=True):
        if height > limits.cut_height:
            break
        if b < 0:
            of_merge.append(len(branches))
            branches.append(_Branch(members=[-a - 1, -b - 1], size=2))
        elif a < 0:
            number = of_merge[b - 1]
            _add_leaf(branches[number], -a - 1)
            of_merge.append(number)
        else:
            of_merge.append(
                _join(branches, of_merge[a - 1], of_merge[b - 1], height, overlap, limits)
            )
    return branches, of_merge


def _add_leaf(branch: _Branch, leaf: int) -> None:
    branch.size += 1
    if not branch.composite:
        branch.members.append(leaf)


def _join(
    branches: list[_Branch],
    first: int,
    second: int,
    height: float,
    overlap: Overlap,
    limits: CutLimits,
) -> int:
    """Join two branches: one dissolves in the other, or both are finished modules."""
    less, more = first, second
    if branches[first].size > branches[second].size:
        less, more = second, first
    for loser, winner in ((less, more), (more, less)):
        lost = branches[loser]
        if lost.composite:
            continue
        scatter = _core_scatter(lost.members, overlap, limits.min_size)
        too_small, loose, no_gap = _failures(len(lost.members), scatter, height, limits)
        if too_small or loose or no_gap:
            kept = branches[winner]
            lost.small = not (loose or no_gap)
            lost.top, lost.end = False, height
            kept.size += lost.size
            if not kept.composite:
                kept.members.extend(lost.members)
            return winner
    for number in (less, more):
        if not branches[number].composite:
            branches[number].end = height
    size = branches[less].size + branches[more].size
    branches.append(_Branch(size=size, composite=True))
    return len(branches) - 1


def _failures(size: int, scatter: float, end: float, limits: CutLimits) -> tuple[bool, bool, bool]:
    """Too small, too loose, too little gap."""
    return (
        size < limits.min_size,
        scatter > limits.max_core_scatter,
        end - scatter < limits.min_gap,
    )


def _core_scatter(members: list[int], overlap: Overlap, min_size: int) -> float:
    """Mean dissimilarity among the members that joined first.

    The core of N members counts min(N, ⌊n₀ + √(N − n₀)⌋) with n₀ = min_size / 2 + 1.
    """
    base = min_size / 2 + 1
    size = len(members)
    if base < size:
        size = int(base + np.sqrt(size - base))
    core = members[:size]
    inside = overlap[np.ix_(core, core)]
    return 1 - (float(inside.sum(dtype=np.float64)) - float(np.trace(inside))) / (size * (size - 1))


def _tree_of_leaf(of_merge: list[int], branches: list[_Branch], tree: Tree) -> IntArray:
    """Which maximal branch below the cut each leaf hangs on, −1 for none, shape (n,)."""
    n = tree.n_leaves
    group = np.full(n + len(of_merge), -1, dtype=np.int64)
    ends = np.where(tree.merge < 0, -tree.merge - 1, tree.merge + n - 1)
    for number in range(len(of_merge) - 1, -1, -1):
        own = group[n + number]
        group[ends[number]] = number if own < 0 else own
    return group[:n]
