"""Whether the modules of a fit hold together in another cohort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.errors import Problem, StudyError
from isograph.features.design import extend, intercept_only
from isograph.machine import one_thread
from isograph.modules.preservation import module_preservation
from isograph.progress import Steps
from isograph.projection.features import Elsewhere, features_elsewhere, stored_weights
from isograph.projection.project import factor_scores, without
from isograph.results.model import Fit
from isograph.study import Study

Floats = npt.NDArray[np.float64]

LEAST_GENES = 3


@dataclass(frozen=True)
class Preserved:
    """Preservation of the modules of a fit in another cohort.

    Attributes:
        table: one row a module, see `isograph.modules.preservation.module_preservation`;
            `module_id` in the place of `module`, and `n_fit`, the genes that it has in the fit.
        untested: modules with fewer than three genes there, and how many they have.
        n_features: of the network, one a gene.
        elsewhere: the features behind it.
        record: power, sign, permutations, seed.
    """

    table: pd.DataFrame
    untested: dict[str, int]
    n_features: int
    elsewhere: Elsewhere
    record: dict[str, Any]


def preserve(
    fit: Fit,
    bundle: Bundle,
    *,
    study: Study,
    power: float | None = None,
    signed: bool = False,
    n_permutations: int = 200,
    seed: int = 0,
    steps: Steps | None = None,
) -> Preserved:
    """Compare density and connectivity of modules between cohorts (Langfelder et al. 2011).

    The network's nodes are genes: of a module's gene the feature of largest loading that the
    cohort has, of all others their abundance, and all recorded shares of these. Two features of
    one gene would go together whatever the other genes do, and a module full of such pairs would
    look preserved. Both sides are without covariates and without the broad factors that the fit
    took out.

    Args:
        fit: the reference; its features are stored in it.
        bundle: the other cohort.
        study: its covariates, traits, blocks.
        power: soft threshold; 6, or 12 for a signed network, if None.
        signed: adjacency of signed correlations. Modules are found without sign, so unsigned is
            the default.
        n_permutations: random sets of features.
        seed: of these sets.
        steps: where to show progress.

    Raises:
        OutputError: the fit was made by a version that did not store what it takes.
        StudyError: nothing in common, or no module of three genes or more.
    """
    steps = steps or Steps()
    own = fit.eigengene_loadings
    module_of = dict(zip(own["feature_id"].astype(str), own["module_id"].astype(str), strict=True))
    broad = fit.programme_loadings["feature_id"].astype(str)
    stored = fit.feature_scores
    weights = stored_weights(fit)
    shares = weights.loc[weights["prior"].isna(), "feature_id"]
    shares = shares[shares.isin(stored["feature_id"])].astype(str)
    abundance = stored.loc[stored["feature_type"] == "abundance", "feature_id"].astype(str)
    gene_of = dict(
        zip(stored["feature_id"].astype(str), stored["gene_id"].astype(str), strict=True)
    )
    in_modules = {gene_of[one] for one in module_of}
    others = {one for one in (*abundance, *shares) if gene_of[one] not in in_modules}
    network = {*module_of, *others}
    wanted = np.array(sorted(network | {*broad}), dtype=str)
    if not module_of:
        raise StudyError("nothing to compare", [Problem("the fit", "has no modules")])
    with steps.step("features") as note:
        elsewhere = features_elsewhere(fit, bundle, study=study, wanted=wanted)
        note.result = "{:,} × {} samples".format(*elsewhere.values.shape)
    with one_thread():
        reference, test = _both(fit, elsewhere)
    nodes = np.array([one in network for one in elsewhere.feature_ids])
    nodes &= (np.square(reference).sum(axis=1) > 0) & (np.square(test).sum(axis=1) > 0)
    nodes &= _one_a_gene(elsewhere.feature_ids, nodes, own)
    ids = elsewhere.feature_ids[nodes]
    names, labels, untested = _labels(ids, module_of)
    if not len(names):
        problem = Problem(
            bundle.name, "has no module with three genes or more", fix="see isograph project"
        )
        raise StudyError("nothing to compare", [problem])
    with steps.step("preservation") as note:
        table = module_preservation(
            reference[nodes],
            test[nodes],
            labels,
            power=power,
            signed=signed,
            n_permutations=n_permutations,
            rng=np.random.default_rng(seed),
        )
        note.result = f"{len(table)} modules, {n_permutations} random sets of {len(ids):,} features"
    members = own[["module_id", "gene_id"]].astype(str).drop_duplicates()
    sizes = members["module_id"].value_counts()
    table.insert(0, "module_id", [names[number] for number in table["module"]])
    table.insert(1, "n_fit", [int(sizes[name]) for name in table["module_id"]])
    return Preserved(
        table=table.drop(columns="module"),
        untested=untested,
        n_features=len(ids),
        elsewhere=elsewhere,
        record={
            "power": power if power is not None else (12.0 if signed else 6.0),
            "signed": signed,
            "permutations": n_permutations,
            "seed": seed,
        },
    )


def _one_a_gene(
    ids: npt.NDArray[np.str_], there: npt.NDArray[np.bool_], loadings: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    """All but the weaker features of a module's genes, shape (n_features,).

    Args:
        ids: of the features.
        there: which of them both cohorts have, shape (n_features,).
        loadings: `module_id`, `gene_id`, `feature_id`, `loading`.
    """
    known = loadings[loadings["feature_id"].astype(str).isin(ids[there])]
    known = known.assign(size=-known["loading"].abs().round(12))
    best = known.sort_values(["size", "feature_id"]).drop_duplicates(["module_id", "gene_id"])
    every = loadings["feature_id"].astype(str)
    weaker = every[~every.isin(best["feature_id"].astype(str))].to_numpy()
    return ~np.isin(ids, weaker)


def _labels(
    ids: npt.NDArray[np.str_], module_of: dict[str, str]
) -> tuple[list[str], npt.NDArray[np.int64], dict[str, int]]:
    """Names of the modules that can be tested, the label of each feature, and the others."""
    of = pd.Series([module_of.get(one) for one in ids], dtype=object)
    sizes = of.value_counts()
    names = sorted(sizes.index[sizes >= LEAST_GENES])
    number = {name: place for place, name in enumerate(names)}
    labels = np.array([number.get(name, -1) for name in of], dtype=np.int64)
    every = dict.fromkeys(sorted(set(module_of.values())), 0) | sizes.to_dict()
    return names, labels, {str(m): int(n) for m, n in every.items() if m not in number}


def _both(fit: Fit, elsewhere: Elsewhere) -> tuple[Floats, Floats]:
    """The same features in the fit's cohort and the other one, without broad factors."""
    stored = fit.feature_scores.set_index("feature_id")
    samples = [str(name) for name in fit.eigengenes.columns[2:]]
    reference = stored.loc[pd.Index(elsewhere.feature_ids), samples].to_numpy(dtype=np.float64)
    reference = np.nan_to_num(reference, nan=0.0)
    test = elsewhere.values
    programmes = fit.programmes.set_index("programme_id")
    removed = programmes[programmes["removed"].astype(bool)]
    found = factor_scores(fit, elsewhere)
    names = [str(name) for name in removed.index if str(name) in found]
    if len(removed):
        columns = removed[samples].to_numpy(dtype=np.float64).T
        known = extend(intercept_only(len(samples)), columns, names=[str(n) for n in removed.index])
        reference = without(reference, known)
    if names:
        columns = np.stack([found[name] for name in names], axis=1)
        test = without(test, extend(elsewhere.design, columns, names=names))
    return reference, test
