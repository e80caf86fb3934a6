"""What the method finds in a cohort when nothing is there: samples permuted gene by gene."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from isograph.backends import resolve_settings, study_features
from isograph.backends.protocol import Backend, Task
from isograph.backends.registry import get_backend
from isograph.backends.stages import search_modules
from isograph.bundle import Bundle, load_bundle
from isograph.communities.fates import NOT_SIGNIFICANT
from isograph.communities.partition import Partition
from isograph.config import CommunitySettings, FitSettings, Settings
from isograph.errors import Problems, StudyError
from isograph.evaluation.permutation import BlocksPermuted, blocks_permuted, permute_genes
from isograph.features.model import FeatureSet
from isograph.files import SCHEMA_VERSION
from isograph.progress import Steps
from isograph.provenance import version
from isograph.study import Study, default_study

LEVELS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5)
"""Levels at which the calibration of module p is written down."""

_OPEN = 0.999


class NullProgress(NamedTuple):
    """How far a run is: permutations done, all of them, seconds that the rest will take."""

    done: int
    total: int
    seconds_left: float


class Share(NamedTuple):
    """A share of data sets with its Clopper–Pearson interval (1934) at 95%."""

    n: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """n / total."""
        return self.n / self.total


def share_of(n: int, total: int) -> Share:
    """`n` of `total` (at least 1), with its interval."""
    interval = binomtest(n, total).proportion_ci(0.95, method="exact")
    return Share(n, total, float(interval.low), float(interval.high))


@dataclass(frozen=True)
class NullDraw:
    """What one data set without modules gave.

    Attributes:
        sizes: genes of each module found, largest first.
        smallest_p: smallest p of any candidate module when all levels are opened; 1 without
            candidates.
        n_edges: significant feature pairs among their features' strongest.
        expected_edges: what the budget allows, in expectation.
        searched: whether anything was left for a search for broad factors.
        n_removed: broad factors taken out.
    """

    sizes: tuple[int, ...]
    smallest_p: float
    n_edges: int
    expected_edges: float
    searched: bool
    n_removed: int


@dataclass(frozen=True)
class NullResult:
    """Draws of one cohort, and what they say.

    Attributes:
        name: of the data set.
        content_hash: of the data set.
        backend: that made the edges.
        n_genes, n_features, n_samples: what was permuted.
        seed: of the permutations.
        draws: one a permutation.
        blocks: column, number of blocks and how many of them could change places, where samples
            come in blocks.
    """

    name: str
    content_hash: str
    backend: str
    n_genes: int
    n_features: int
    n_samples: int
    seed: int
    draws: tuple[NullDraw, ...]
    blocks: BlocksPermuted | None = None

    @property
    def with_modules(self) -> Share:
        """Permutations that gave any module."""
        return share_of(sum(bool(draw.sizes) for draw in self.draws), len(self.draws))

    @property
    def edge_ratio(self) -> float:
        """False edges found for each one that the budget expects."""
        expected = sum(draw.expected_edges for draw in self.draws)
        return sum(draw.n_edges for draw in self.draws) / expected if expected else float("nan")

    @property
    def smallest_p(self) -> npt.NDArray[np.float64]:
        """Smallest candidate p of each permutation, shape (n_permutations,)."""
        return np.array([draw.smallest_p for draw in self.draws], dtype=np.float64)

    def calibration(self, levels: Sequence[float] = LEVELS) -> dict[float, Share]:
        """Permutations whose smallest candidate p is at most each level; at most that share."""
        p = self.smallest_p
        return {a: share_of(int(np.count_nonzero(p <= a)), len(p)) for a in levels}

    def as_record(self) -> dict[str, Any]:
        """Everything, as JSON knows it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "bundle": {"name": self.name, "content_hash": self.content_hash},
            "backend": self.backend,
            "isograph_version": version(),
            "n_genes": self.n_genes,
            "n_features": self.n_features,
            "n_samples": self.n_samples,
            "seed": self.seed,
            **({} if self.blocks is None else {"blocks": self.blocks._asdict()}),
            "n_permutations": len(self.draws),
            "with_modules": _record(self.with_modules),
            "module_sizes": [list(draw.sizes) for draw in self.draws if draw.sizes],
            "edges": {
                "found": float(np.mean([draw.n_edges for draw in self.draws])),
                "expected": float(np.mean([draw.expected_edges for draw in self.draws])),
                "ratio": self.edge_ratio if np.isfinite(self.edge_ratio) else None,
            },
            "broad_factor_searches": sum(draw.searched for draw in self.draws),
            "broad_factors_removed": sum(draw.n_removed for draw in self.draws),
            "calibration": [{"p": a, **_record(s)} for a, s in self.calibration().items()],
            "smallest_p": [float(f"{p:.4g}") for p in self.smallest_p],
        }


def _record(share: Share) -> dict[str, Any]:
    return {**share._asdict(), "share": share.share}


def permuted_null(
    bundle: Bundle | Path | str,
    *,
    study: Study | None = None,
    n_permutations: int = 100,
    seed: int = 0,
    report: Callable[[NullProgress], None] | None = None,
) -> NullResult:
    """Permute the samples of every gene by themselves and look for modules, again and again.

    Features are made once. All features of a gene keep together, with the samples in which they
    are observed: their own dependence is no evidence of a module. What is left of covariates is
    permuted (Freedman & Lane 1983) and made orthogonal to them again, so that degrees of freedom
    hold. Edges, modules and broad factors then follow as in a fit with the study's first backend.
    Where donors have several samples, these stay together (`permute_genes`).

    Args:
        bundle: the data set, or its folder.
        study: covariates, traits, backend and settings; a default one if None. Traits stay
            undeclared here: a declared one could only keep a factor in.
        n_permutations: how many.
        seed: of the permutations; number k is the same however many there are.
        report: called after each.

    Returns:
        What was found; the same for a seed, whatever the number of threads.

    Raises:
        BundleError, StudyError, ConfigError: as `fit`, or the number of permutations or the seed is
            out of bounds.
    """
    problems = Problems()
    if n_permutations < 1:
        problems.add("permutations", f"is {n_permutations}", fix="1 or more")
    if seed < 0:
        problems.add("seed", f"is {seed}", fix="0 or more")
    problems.raise_if_any(StudyError, "permutations refused")
    bundle = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    study = study or default_study(bundle.path or Path(bundle.name), name=bundle.name)
    backend = get_backend(study.backends[0])
    shared, own = resolve_settings(study, backend)
    features = study_features(bundle, study=study)
    draws = []
    start = time.monotonic()
    for k in range(n_permutations):
        shuffled = permute_genes(features, rng=np.random.default_rng([seed, k]))
        draws.append(null_draw(shuffled, backend=backend, settings=shared, own=own))
        if report is not None:
            left = (time.monotonic() - start) / (k + 1) * (n_permutations - k - 1)
            report(NullProgress(k + 1, n_permutations, left))
    return NullResult(
        name=bundle.name,
        content_hash=bundle.content_hash,
        backend=backend.record.name,
        n_genes=len(features.gene_ids),
        n_features=features.n_features,
        n_samples=features.n_samples,
        seed=seed,
        draws=tuple(draws),
        blocks=blocks_permuted(features.blocks),
    )


def null_draw(
    features: FeatureSet, *, backend: Backend, settings: FitSettings, own: Settings
) -> NullDraw:
    """Modules of features in which nothing is planted, found as a fit finds them.

    Args:
        features: permuted or simulated.
        backend: makes the edges.
        settings: of the fit.
        own: of the backend.
    """

    searched = search_modules(features, backend, own=own, shared=settings, steps=Steps())
    everything = Task(features=features, settings=own, communities=_every(settings.communities))
    smallest = min(
        _smallest_p(backend.find(everything, Steps()).partition),
        _smallest_p(searched.first.partition),
    )
    partition, first = searched.found.partition, searched.first.partition.association
    programmes = searched.programmes
    sizes = np.sort(np.bincount(partition.labels[partition.labels >= 0]))[::-1]
    return NullDraw(
        sizes=tuple(sizes.tolist()),
        smallest_p=smallest,
        n_edges=len(first),
        expected_edges=float(first.calibration.get("expected_false_edges", 0.0)),
        searched=bool(programmes.record.get("searched", False)),
        n_removed=int(programmes.removed.sum()),
    )


def _every(settings: CommunitySettings) -> CommunitySettings:
    """The same settings with every level open, so that p of all candidates is known.

    A pair is a candidate only if its edge is significant family-wise: without this no p between
    `edge_fwer` and 1 would be seen.
    """
    levels = ("edge_fwer", "member_fwer", "module_fwer", "pair_fwer")
    return settings.model_copy(update=dict.fromkeys(levels, _OPEN))


def _smallest_p(partition: Partition) -> float:
    """Smallest p of all candidate modules, those refused included; 1 where there are none."""
    refused = partition.fate_value[partition.fate == NOT_SIGNIFICANT]
    return float(np.concatenate([partition.pvalue, refused, [1.0]]).min())
