"""Broad factors of a data set: when to look, where to look, what to take out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.communities.partition import Partition
from isograph.config import ProgrammeSettings
from isograph.features.model import FeatureSet
from isograph.features.traits import Trait
from isograph.network.association import Association
from isograph.programmes.breadth import residual_edges, shared_modules
from isograph.programmes.curves import bent_basis
from isograph.programmes.declared import trait_columns, turn_towards
from isograph.programmes.directions import Directions, loadings, remove
from isograph.programmes.evidence import module_factors
from isograph.programmes.search import Account, FindModules, Search, varimax

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_PER_MODULE = 30
_STRONG = 0.5
_STRONG_ROWS = 10


@dataclass(frozen=True)
class Programmes:
    """Broad factors found in a data set, strongest first.

    Attributes:
        directions: over all features; None where there are none.
        loading: correlation of each feature with each, own part out, shape (n_features, n).
        removed: whether each is taken out before modules are found, shape (n,).
        record: how they were found, for `calibration.json`.
    """

    directions: Directions | None = None
    loading: Floats = field(default_factory=lambda: np.empty((0, 0)))
    removed: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    record: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.removed)

    @property
    def values(self) -> Floats:
        """Shape (n, n_samples), rows of mean 0 and mean square 1."""
        assert self.directions is not None
        return self.directions.everything


def find_programmes(
    features: FeatureSet,
    association: Association,
    partition: Partition,
    find: FindModules,
    settings: ProgrammeSettings,
    *,
    declared: Sequence[Trait] = (),
) -> Programmes:
    """Look for broad factors if modules leave significant correlation behind or share a factor.

    Args:
        features: all features.
        association: their pairs.
        partition: modules found without broad factors.
        find: how association and modules are found in other features.
        settings: see `ProgrammeSettings`.
        declared: traits whose factors stay in.

    Returns:
        The programmes, none where modules explain the data alone.
    """
    factors = module_factors(features, association, partition.labels)
    left = residual_edges(features, association, factors, partition.labels)
    shared = shared_modules(features, factors, partition.labels, least_share=settings.broad_share)
    record: dict[str, Any] = {
        "residual_edges": left,
        "shared_modules": shared,
        "faint_modules": partition.n_faint,
        "searched": False,
    }
    # a faint module may be a broad factor too weak for edges
    if left < settings.least_residual_edges and not shared and partition.n_faint == 0:
        return Programmes(record=record)
    plain, best = _search(features, association, find, settings)
    record |= {"searched": True, "nats_of_modules": plain.nats, "nats_with_factors": best.nats}
    if best.directions is None:
        return Programmes(record=record)
    directions = best.directions
    columns = trait_columns(declared, features.sample_ids, features.design)
    directions, stays = turn_towards(
        directions, columns, df=features.df_residual, least_share=settings.trait_share
    )
    if not stays.any():
        directions = _simple_structure(features, directions)
    return _in_order(features, directions, stays | (settings.broad_factors != "auto"), record)


def _simple_structure(features: FeatureSet, directions: Directions) -> Directions:
    """The same directions turned so that each has features of its own (varimax, Kaiser 1958).

    Components mix what happens at once; people recognise a batch or a treatment when it stands
    alone. What is taken out stays the same.
    """
    k = len(directions)
    r = loadings(features, directions)[:, :k]
    strong = np.max(np.abs(r), axis=1) > _STRONG
    if k < 2 or np.count_nonzero(strong) < _STRONG_ROWS * k:
        return directions
    return directions.turned(varimax(r[strong]).T)


def _in_order(
    features: FeatureSet,
    directions: Directions,
    stays: npt.NDArray[np.bool_],
    record: dict[str, Any],
) -> Programmes:
    """Directions by falling share of variance, curves after them, each with a fixed sign."""
    r = loadings(features, directions)
    share = np.mean(np.square(r), axis=0)
    k = len(directions)
    order = np.argsort(-share[:k], kind="stable")
    everything = np.concatenate([order, np.arange(k, r.shape[1])])
    sign = np.where(np.sum(r**3, axis=0) < 0, -1.0, 1.0)
    directions = replace(
        directions,
        values=directions.values[order] * sign[order, None],
        weight=directions.weight[:, order] * sign[order],
        curves=directions.curves * sign[k:, None],
    )
    return Programmes(
        directions=directions,
        loading=r[:, everything] * sign[everything],
        removed=~stays[everything],
        record=record,
    )


def take_out(features: FeatureSet, programmes: Programmes, *, names: Sequence[str]) -> FeatureSet:
    """Features without the programmes that are to be removed.

    Args:
        features: all features.
        programmes: of the same features.
        names: of all programmes.
    """
    gone = programmes.removed
    if not gone.any():
        return features
    return remove(features, _removed(programmes), names=tuple(np.array(names, dtype=object)[gone]))


def _removed(programmes: Programmes) -> Directions:
    """The directions that are taken out; those that a trait keeps in are not among them."""
    assert programmes.directions is not None
    gone, all_of, k = programmes.removed, programmes.directions, len(programmes.directions)
    return replace(
        all_of,
        values=all_of.values[gone[:k]],
        weight=all_of.weight[:, gone[:k]],
        curves=all_of.curves[gone[k:]],
    )


def bent_remainders(
    features: FeatureSet, clean: FeatureSet, programmes: Programmes
) -> Floats | None:
    """Columns that what is left of removed programmes may follow; None if none was removed.

    Args:
        features: with the programmes.
        clean: without those that were removed.
        programmes: of `features`.

    Returns:
        Orthonormal, orthogonal to the design of `clean`, shape (n_samples, k).
    """
    if not programmes.removed.any():
        return None
    depth = log_library_size(features)
    return bent_basis(_removed(programmes), clean.design.basis, log_depth=depth)[1]


def _search(
    features: FeatureSet, association: Association, find: FindModules, settings: ProgrammeSettings
) -> tuple[Account, Account]:
    """Search among all genes if they are few; else among those that matter, in two passes."""
    n_genes, limit = len(features.gene_ids), settings.search_genes
    if n_genes <= limit:
        return _within(features, np.arange(n_genes), find, settings)
    ends = np.concatenate([association.i, association.j])
    connected = np.unique(features.gene_of[ends])
    if len(connected) <= limit:
        others = np.setdiff1d(np.arange(n_genes), connected)
        genes = np.union1d(connected, _thinned(others, limit - len(connected)))
        return _within(features, genes, find, settings)
    # too many genes follow the factors: find those in a sample, take them out, and look again at
    # the genes of the modules that then appear
    plain, first = _within(features, _thinned(connected, limit), find, settings, strict=False)
    if first.directions is None:
        return plain, first
    clean = remove(features, first.directions, names=_numbered(first.directions))
    _, partition = find(clean)
    members = _some_of_each(partition.labels)
    members = members[: limit // 2]
    others = np.setdiff1d(connected, members)
    genes = np.union1d(members, _thinned(others, limit - len(members)))
    return _within(features, genes, find, settings)


def _within(
    features: FeatureSet,
    genes: Ints,
    find: FindModules,
    settings: ProgrammeSettings,
    *,
    strict: bool = True,
) -> tuple[Account, Account]:
    rows = np.flatnonzero(np.isin(features.gene_of, genes))
    search = Search(
        features.take(rows), find, settings, log_depth=log_library_size(features), strict=strict
    )
    plain, best = search.run()
    if best.directions is None:
        return plain, best
    return plain, replace(best, directions=replace(best.directions, rows=rows))


def _thinned(genes: Ints, n: int) -> Ints:
    """At most n genes, evenly spaced."""
    if len(genes) <= n:
        return genes
    return genes[np.linspace(0, len(genes) - 1, max(n, 0)).astype(np.int64)]


def _some_of_each(labels: Ints) -> Ints:
    """Module genes, the first few of every module before more of any."""
    member = np.flatnonzero(labels >= 0)
    order = np.argsort(labels[member], kind="stable")
    label = labels[member][order]
    place = np.arange(len(label)) - np.searchsorted(label, label)
    few = order[place < _PER_MODULE]
    chosen: Ints = member[few[np.argsort(place[place < _PER_MODULE], kind="stable")]]
    return chosen


def _numbered(directions: Directions) -> tuple[str, ...]:
    return tuple(f"factor {k}" for k in range(len(directions.everything)))


def log_library_size(features: FeatureSet) -> Floats | None:
    """Log library size of each sample, centred and scaled, where counts gave one."""
    sizes = features.record.get("size_factors")
    if not sizes:
        return None
    log = np.log(np.array([sizes[sample] for sample in features.sample_ids], dtype=np.float64))
    spread = log.std()
    if not np.isfinite(spread) or spread < 1e-9:
        return None
    scaled: Floats = (log - log.mean()) / spread
    return scaled
