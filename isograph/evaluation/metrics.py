"""How well a partition of genes finds the planted modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.errors import Problems
from isograph.evaluation.agreement import (
    best_match,
    homogeneity_and_completeness,
    largest_component,
    null_recoveries,
    rand_and_information,
    ratio,
    with_singletons,
)
from isograph.evaluation.drivers import driver_top1
from isograph.evaluation.labels import (
    MODULE_ROLES,
    TRUTH_ROLES,
    Genes,
    ScoreError,
    check_tables,
    module_labels,
    role_codes,
)
from isograph.evaluation.overlap import cover_agreement
from isograph.evaluation.programmes import score_programmes
from isograph.evaluation.score import PartitionScore
from isograph.evaluation.shifts import shift_score
from isograph.results.model import Fit

Ints = npt.NDArray[np.int64]

_TIE = 1e-12


def score_partition(
    truth: pd.DataFrame,
    assigned: pd.DataFrame,
    *,
    all_genes: Sequence[str] | npt.NDArray[np.str_],
    roles: pd.DataFrame | None = None,
    truth_roles: pd.DataFrame | None = None,
    edges: pd.DataFrame | None = None,
    rng: np.random.Generator,
    n_permutations: int = 1000,
) -> PartitionScore:
    """Score a partition against planted modules.

    Neither the order of rows and genes nor the names of modules matter.

    Args:
        truth: `gene_id`, `module_id` of planted genes, one row a gene; all others, and those
            with a null module, are background.
        assigned: `gene_id`, `module_id` of assigned genes, one row a gene.
        all_genes: every gene of the data set.
        roles: `gene_id`, `module_role` of assigned genes; without it nothing is said of roles
            given.
        truth_roles: `gene_id`, `truth_role`; without it nothing is said of roles.
        edges: `source`, `target` gene ids of the graph that was partitioned; without it
            `giant_fraction` is None.
        rng: draws the permutations behind `recovery_p`.
        n_permutations: how many; 0 leaves their scores None.

    Raises:
        ScoreError: lists genes that are not in `all_genes`, genes with several rows, unknown
            roles and assigned planted genes without a role.
    """
    genes = np.unique(np.asarray(all_genes, dtype=str))
    tables = {"truth": truth, "assigned": assigned, "roles": roles, "truth_roles": truth_roles}
    check_tables(genes, tables=tables, edges=edges)
    planted = module_labels(truth, genes)
    found = module_labels(assigned, genes)
    truth_role = role_codes(truth_roles, "truth_role", TRUTH_ROLES, genes=genes)
    truth_role = np.where(planted >= 0, truth_role, -1)
    match, best = best_match(planted, found)
    known = planted >= 0
    background, is_assigned = ~known, found >= 0
    both = known & is_assigned
    ari, ami = rand_and_information(planted[known], with_singletons(found)[known])
    homogeneity, completeness = homogeneity_and_completeness(planted[both], found[both])
    recovery = float(best.mean()) if len(best) else None
    null_mean, z, p = _against_chance(
        recovery, planted=planted, found=found, rng=rng, n_permutations=n_permutations
    )
    confusion = _confusion(truth_role, roles, genes=genes, counted=both)
    n_false = int((background & is_assigned).sum())
    return PartitionScore(
        ari=ari,
        ami=ami,
        ari_assigned=rand_and_information(planted[both], found[both])[0],
        homogeneity=homogeneity,
        completeness=completeness,
        coverage=ratio(int(both.sum()), int(known.sum())),
        background_fraction=ratio(n_false, int(is_assigned.sum())),
        background_rate=ratio(n_false, int(background.sum())),
        recovery=recovery,
        recovery_null_mean=null_mean,
        recovery_z=z,
        recovery_p=p,
        role_recall=_role_recall(truth_role, matched=both & (found == _at(match, planted))),
        role_accuracy=None if confusion is None else _accuracy(confusion),
        role_confusion=None if confusion is None else tuple(map(tuple, confusion.tolist())),
        giant_fraction=None if edges is None else _giant_fraction(edges, genes),
        n_modules=int(found.max(initial=-1)) + 1,
        n_truth_modules=len(best),
        n_genes=len(genes),
        n_planted=int(known.sum()),
        n_assigned=int(is_assigned.sum()),
        n_background_assigned=n_false,
    )


def score_fit(bundle: Bundle, fit: Fit, *, seed: int = 0) -> PartitionScore:
    """Score a fit against the truth of its bundle.

    Args:
        bundle: a fixture.
        fit: of that bundle.
        seed: of the permutations behind `recovery_p`.

    Raises:
        ScoreError: the bundle has no planted modules, or the fit has other genes.
    """
    further = fit.table("module_overlaps") if "module_overlaps" in fit.tables else None
    score = score_assignment(
        bundle, fit.modules, further=further, roles=fit.roles, edges=fit.edges, seed=seed
    )
    programmes = score_programmes(bundle, fit)
    shifts = shift_score(bundle, fit)
    return replace(
        score,
        driver_top1=driver_top1(bundle, fit),
        shift_sign=shifts.sign_right,
        shift_correlation=shifts.correlation,
        n_programmes=programmes.n_programmes,
        n_hidden_dimensions=programmes.n_hidden_dimensions,
        programme_r2=programmes.r2,
    )


def score_assignment(
    bundle: Bundle,
    assigned: pd.DataFrame,
    *,
    further: pd.DataFrame | None = None,
    roles: pd.DataFrame | None = None,
    edges: pd.DataFrame | None = None,
    seed: int = 0,
) -> PartitionScore:
    """Score any method's modules against the truth of a bundle.

    Args:
        bundle: a fixture.
        assigned: `gene_id`, `module_id`, one row an assigned gene.
        further: `gene_id`, `module_id` of genes' second modules, where the method gives any.
        roles: see `score_partition`.
        edges: see `score_partition`.
        seed: of the permutations behind `recovery_p`.

    Raises:
        ScoreError: as `score_partition`, or the bundle has no planted modules.
    """
    if not bundle.has_truth:
        problems = Problems()
        problems.add(bundle.name, "has no truth_module table", fix="score fixtures only")
        problems.raise_if_any(ScoreError, "partition cannot be scored")
    truth = bundle.tables["truth_module"]
    score = score_partition(
        truth,
        assigned,
        all_genes=bundle.gene_ids,
        roles=roles,
        truth_roles=bundle.tables.get("truth_channel_role"),
        edges=edges,
        rng=np.random.default_rng(seed),
    )
    second = bundle.tables.get("truth_module_overlap")
    if second is None or second.empty:
        return score
    return replace(
        score,
        onmi=cover_agreement((truth, second), (assigned, further), n_genes=score.n_genes),
    )


def _at(match: Ints, planted: Ints) -> Ints:
    """Best match of each gene's planted module; −1 for background and for no match."""
    return np.append(match, -1)[planted]


def _against_chance(
    recovery: float | None,
    *,
    planted: Ints,
    found: Ints,
    rng: np.random.Generator,
    n_permutations: int,
) -> tuple[float | None, float | None, float | None]:
    if recovery is None or n_permutations == 0:
        return None, None, None
    null = null_recoveries(planted, found, rng=rng, n_permutations=n_permutations)
    mean, sd = float(null.mean()), float(null.std())
    as_good = int((null >= recovery - _TIE).sum())
    z = (recovery - mean) / sd if sd > _TIE else None
    return mean, z, (1 + as_good) / (1 + n_permutations)


def _role_recall(truth_role: Ints, *, matched: npt.NDArray[np.bool_]) -> dict[str, float | None]:
    return {
        name: ratio(int((matched & (truth_role == code)).sum()), int((truth_role == code).sum()))
        for code, name in enumerate(TRUTH_ROLES)
    }


def _confusion(
    truth_role: Ints, roles: pd.DataFrame | None, *, genes: Genes, counted: npt.NDArray[np.bool_]
) -> Ints | None:
    """Genes by planted and given role, shape (4, 5); None where either is not known."""
    if roles is None or not (truth_role >= 0).any():
        return None
    given = role_codes(roles, "module_role", MODULE_ROLES, genes=genes)
    counted = counted & (truth_role >= 0)
    bare = genes[counted & (given < 0)]
    if len(bare):
        problems = Problems()
        problems.add("roles", "assigned genes without a role", examples=bare[:3], count=len(bare))
        problems.raise_if_any(ScoreError, "partition cannot be scored")
    shape = (len(TRUTH_ROLES), len(MODULE_ROLES))
    cell = truth_role[counted] * shape[1] + given[counted]
    return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)


def _accuracy(confusion: Ints) -> float | None:
    return ratio(int(np.trace(confusion)), int(confusion.sum()))


def _giant_fraction(edges: pd.DataFrame, genes: Genes) -> float | None:
    source = np.searchsorted(genes, edges["source"].to_numpy(dtype=str))
    target = np.searchsorted(genes, edges["target"].to_numpy(dtype=str))
    return ratio(largest_component(source, target, n=len(genes)), len(genes))
