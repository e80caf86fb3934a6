"""Stability selection of one study and backend: the same search in halves of the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from isograph.backends.registry import DEFAULT, get_backend
from isograph.backends.runner import check_features
from isograph.bundle import Bundle, load_bundle
from isograph.features.build import build_features
from isograph.features.model import FeatureSet
from isograph.progress import Steps
from isograph.selection.grid import resolve_grid
from isograph.selection.halves import N_PAIRS, deal_pairs
from isograph.selection.measures import (
    adjusted_rand,
    best_jaccard,
    false_edges_bound,
    tally,
)
from isograph.selection.recommend import Recommendation, Score, recommend
from isograph.selection.search import Seen, search_everywhere
from isograph.study import Study, default_study

THRESHOLD = 0.75
"""Share of halves that makes an edge stable, and mean Jaccard index that makes a module so."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AtValue:
    """What came back at one value of the main parameter.

    Attributes:
        value: of the parameter.
        sizes: genes of each module of all samples, shape (n_modules,).
        jaccard: mean over halves of its best Jaccard index, shape (n_modules,).
        n_edges: gene pairs chosen in all samples.
        half_modules: modules found in each half, shape (2 n_pairs,).
        half_genes: genes in modules in each half, shape (2 n_pairs,).
        half_edges: gene pairs chosen in each half, shape (2 n_pairs,).
        ari: agreement of the halves of each pair, shape (n_pairs,).
        stable: gene rows of the stable edges, shape (n_stable, 2), most often chosen first.
        share: of the halves that each is chosen in, shape (n_stable,).
        false_edges_bound: most false ones among them, in expectation; None without gene pairs.
    """

    value: float
    sizes: Ints
    jaccard: Floats
    n_edges: int
    half_modules: Ints
    half_genes: Ints
    half_edges: Ints
    ari: Floats
    stable: Ints
    share: Floats
    false_edges_bound: float | None

    @property
    def n_modules(self) -> int:
        """Modules of all samples."""
        return len(self.sizes)

    @property
    def stable_modules(self) -> npt.NDArray[np.bool_]:
        """Which modules are stable, shape (n_modules,)."""
        kept: npt.NDArray[np.bool_] = self.jaccard >= THRESHOLD
        return kept

    @property
    def n_stable_genes(self) -> int:
        """Genes in stable modules."""
        return int(self.sizes[self.stable_modules].sum())

    @property
    def score(self) -> Score:
        """Mean agreement and its spread, for the recommendation."""
        sd = float(self.ari.std(ddof=1))
        return Score(
            value=self.value,
            n_modules=self.n_modules,
            n_stable_genes=self.n_stable_genes,
            mean=float(self.ari.mean()),
            sd=sd,
            se=sd / float(np.sqrt(len(self.ari))),
        )


@dataclass(frozen=True)
class StabilitySelection:
    """Stability selection of one study and backend.

    Attributes:
        study: that was run.
        backend: whose modules they are.
        dataset: name of the data set.
        content_hash: of the data set.
        parameter: name of the setting that varied.
        study_value: its value in the study, or what the data chose for it.
        n_samples: in use.
        n_half: samples of a half.
        n_pairs: pairs of halves.
        gene_ids: of the data set, sorted; `AtValue.stable` holds rows of it.
        n_genes: genes with features in all samples.
        values: one a value, ascending.
        recommendation: which value, and why.
    """

    study: Study
    backend: str
    dataset: str
    content_hash: str
    parameter: str
    study_value: float
    n_samples: int
    n_half: int
    n_pairs: int
    gene_ids: npt.NDArray[np.str_]
    n_genes: int
    values: tuple[AtValue, ...]
    recommendation: Recommendation


def select_by_stability(
    bundle: Bundle | Path | str,
    *,
    study: Study | None = None,
    backend: str | None = None,
    n_pairs: int = N_PAIRS,
    values: Sequence[float | str] | None = None,
    features: FeatureSet | None = None,
    steps: Steps | None = None,
) -> StabilitySelection:
    """Compare values of a backend's main parameter by what comes back in halves of the samples.

    Features are made anew in every half, with its own filters, switch axes, sizes and covariates,
    as a replication in another cohort would make them; then the whole search of a fit is done at
    each value. All values see the same halves.

    Args:
        bundle: the data set, or its folder.
        study: covariates, traits, seed and settings; a default one if None.
        backend: name of the backend; `calibrated` if None.
        n_pairs: pairs of complementary halves.
        values: to compare; the backend's own grid if None. The study's own value always joins.
        features: of all samples if they are there already (`study_features`).
        steps: where to show progress.

    Returns:
        The comparison; the same for a study's seed, whatever the number of threads.

    Raises:
        BundleError: the folder holds no valid data set.
        ConfigError: a value is malformed or out of bounds.
        StudyError: as a fit would, half of the samples are too few, or `features` were made for
            another study.
    """
    bundle = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    study = study or default_study(bundle.path or Path(bundle.name), name=bundle.name)
    steps = steps or Steps()
    grid = resolve_grid(study, get_backend(backend or DEFAULT), values=values)
    pairs = deal_pairs(bundle, study=study, n_pairs=n_pairs)
    if features is None:
        features = build_features(bundle, study=study, settings=grid.shared.features, steps=steps)
    else:
        check_features(features, study, grid.shared)
    halves = [half for pair in pairs for half in pair]
    with steps.step("stability") as note:
        seen = search_everywhere(bundle, study, grid, halves, features=features, steps=steps)
        compared = tuple(
            _compare(value, seen.full[value], parts, n_all=len(bundle.gene_ids))
            for value, parts in seen.halves.items()
        )
        best = recommend([one.score for one in compared], study_value=seen.study_value)
        note.result = f"{len(halves)} halves × {len(compared)} values of {grid.parameter}"
    return StabilitySelection(
        study=study,
        backend=grid.backend.record.name,
        dataset=bundle.name,
        content_hash=bundle.content_hash,
        parameter=grid.parameter,
        study_value=seen.study_value,
        n_samples=features.n_samples,
        n_half=len(halves[0]),
        n_pairs=n_pairs,
        gene_ids=bundle.gene_ids,
        n_genes=len(features.gene_ids),
        values=compared,
        recommendation=best,
    )


def _compare(value: float, full: Seen, halves: Sequence[Seen], *, n_all: int) -> AtValue:
    """What of the full data comes back in the halves, and what the halves share."""
    jaccard = np.zeros(full.n_modules)
    for half in halves:
        jaccard += best_jaccard(
            full.labels, half.labels, n_modules=full.n_modules, shared=full.known & half.known
        )
    # one set of genes at every value: leaving genes out must not look stable
    ari = [
        adjusted_rand(first.labels[full.known], second.labels[full.known])
        for first, second in zip(halves[::2], halves[1::2], strict=True)
    ]
    keys, times = tally([half.edges for half in halves])
    kept = times >= THRESHOLD * len(halves)
    keys, times = keys[kept], times[kept]
    order = np.lexsort((keys, -times))
    half_edges = np.array([len(half.edges) for half in halves], dtype=np.int64)
    n_genes = int(full.known.sum())
    return AtValue(
        value=value,
        sizes=np.bincount(full.labels[full.labels >= 0], minlength=full.n_modules),
        jaccard=jaccard / len(halves),
        n_edges=len(full.edges),
        half_modules=np.array([half.n_modules for half in halves], dtype=np.int64),
        half_genes=np.array([np.count_nonzero(half.labels >= 0) for half in halves]),
        half_edges=half_edges,
        ari=np.array(ari),
        stable=np.column_stack(np.divmod(keys[order], n_all)),
        share=times[order] / len(halves),
        false_edges_bound=false_edges_bound(
            float(half_edges.mean()), n_genes * (n_genes - 1) // 2, THRESHOLD
        ),
    )
