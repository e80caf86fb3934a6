"""Scores of a fit's modules in another cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.communities.profile import leading_profile
from isograph.features.design import Design, extend, residualise
from isograph.machine import one_thread
from isograph.modules.traits import module_traits
from isograph.network.significance import benjamini_hochberg
from isograph.progress import Steps
from isograph.projection.features import Elsewhere, features_elsewhere
from isograph.results.model import Fit
from isograph.schemas import TRAITS
from isograph.study import Study

Floats = npt.NDArray[np.float64]

LEAST_COVERED = 0.5
"""Share of a module's squared loadings that the cohort must have features for."""

LEAST_AGREEMENT = 0.5
"""|r| of a broad factor and the leading profile of its features from which it is there."""

COLUMNS = (
    "module_id",
    "n_features",
    "n_present",
    "covered",
    "variance_explained",
    "most_explained",
    "agreement",
    "mean_r",
    "sign_share",
    "reason",
)


@dataclass(frozen=True)
class Projection:
    """Modules of a fit in another cohort.

    Attributes:
        modules: one row a module and broad factor, columns `COLUMNS`: features behind it and how
            many the cohort has; `covered`, their share of its squared loadings;
            `variance_explained` by its score there, of the `most_explained` that any profile
            explains; `agreement`, |r| of the score with that profile; `mean_r`, the mean |r| of its
            features with the score without their own part in it; `sign_share` of the features that
            go with it in the direction that they had; `reason`, why it has no score.
        scores: a row a module, a column a sample: mean 0, unit variance.
        traits: modules against the cohort's own sample columns, as a fit's `traits`.
        elsewhere: the features behind it.
    """

    modules: pd.DataFrame
    scores: pd.DataFrame
    traits: pd.DataFrame
    elsewhere: Elsewhere


def project(fit: Fit, bundle: Bundle, *, study: Study, steps: Steps | None = None) -> Projection:
    """Score the modules of a fit in another cohort.

    A score is Σ loading · feature over the features of the module's eigengene that the cohort has,
    with the loadings of the fit and features that are centred and scaled in the cohort itself. On
    its own cohort that is the eigengene. Broad factors that the fit took out are scored first, by
    the features that load on them, and taken out of the features.

    Args:
        fit: says what modules are made of.
        bundle: the other cohort.
        study: its covariates, traits, blocks.
        steps: where to show progress.

    Raises:
        OutputError: the fit was made by a version that did not store what it takes.
        StudyError: the bundle has nothing in common with the fit, or cannot be used.
    """
    steps = steps or Steps()
    own = fit.eigengene_loadings.rename(columns={"module_id": "name"})
    broad = _broad(fit)
    removed = fit.programmes.loc[fit.programmes["removed"].astype(bool), "programme_id"]
    wanted = np.unique(np.concatenate([own["feature_id"], broad["feature_id"]]).astype(str))
    with steps.step("features") as note:
        elsewhere = features_elsewhere(fit, bundle, study=study, wanted=wanted)
        n, s = elsewhere.values.shape
        note.result = f"{n:,} of {len(wanted):,} features × {s} samples"
    with steps.step("scores") as note, one_thread():
        values = elsewhere.values
        factors = _scores(broad, elsewhere, values, must_lead=True)
        out = [name for name in removed.astype(str) if name in factors.found]
        design = elsewhere.design
        if out:
            columns = np.stack([factors.found[name] for name in out], axis=1)
            design = extend(design, columns, names=tuple(out))
            values = without(values, design)
        modules = _scores(own, elsewhere, values)
        note.result = f"{len(modules.found)} of {len(fit.summary)} modules"
    rows = [*modules.rows, *factors.rows]
    found = modules.found | factors.found
    scores = pd.DataFrame(found, index=elsewhere.sample_ids, dtype=np.float64).T
    # without a score there is no name to take the type from
    scores.index = scores.index.astype(object)
    scores = scores.rename_axis("module_id").reset_index()
    return Projection(
        modules=pd.DataFrame(rows, columns=list(COLUMNS)),
        scores=scores,
        traits=_traits(modules.found, factors.found, elsewhere, design),
        elsewhere=elsewhere,
    )


def factor_scores(fit: Fit, elsewhere: Elsewhere) -> dict[str, Floats]:
    """Scores of the fit's broad factors by name, mean square 1, shape (n_samples,) each."""
    return _scores(_broad(fit), elsewhere, elsewhere.values, must_lead=True).found


def _broad(fit: Fit) -> pd.DataFrame:
    return fit.programme_loadings.rename(columns={"programme_id": "name"})


@dataclass(frozen=True)
class _Scored:
    found: dict[str, Floats]
    rows: list[dict[str, Any]]


def _scores(
    loadings: pd.DataFrame, elsewhere: Elsewhere, values: Floats, *, must_lead: bool = False
) -> _Scored:
    """Score of each name, with its figures; `must_lead` leaves out what the cohort does not have.

    A broad factor that is not there must not be taken out: its score would be a mix of modules.
    """
    place = pd.Index(elsewhere.feature_ids).get_indexer(
        pd.Index(loadings["feature_id"].astype(str))
    )
    found: dict[str, Floats] = {}
    rows: list[dict[str, Any]] = []
    for name, part in loadings.assign(place=place).groupby("name", sort=True):
        here = part[part["place"] >= 0]
        weight = np.square(part["loading"].to_numpy(dtype=np.float64))
        covered = float(weight[part["place"].to_numpy() >= 0].sum() / max(weight.sum(), 1e-300))
        row: dict[str, Any] = dict.fromkeys(COLUMNS)
        row |= {"module_id": str(name), "n_features": len(part), "n_present": len(here)}
        row["covered"] = covered
        if covered < LEAST_COVERED or len(here) < 2:
            lacks = "two are needed" if len(here) < 2 else f"{covered:.1%} of its squared loadings"
            row["reason"] = f"{len(here)} of {len(part)} features are there, {lacks}"
            rows.append(row)
            continue
        own = values[here["place"].to_numpy(dtype=np.int64)]
        loading = here["loading"].to_numpy(dtype=np.float64)
        # loadings are correlations: rows that are 0 where not observed are shorter
        length = np.sqrt(np.mean(np.square(own), axis=1))
        score = (loading * length) @ own
        size = np.sqrt(np.mean(np.square(score)))
        if size <= 1e-9:
            row["reason"] = "its features cancel"
            rows.append(row)
            continue
        row |= _figures(own, loading, score / size, score, genes=here["gene_id"])
        if must_lead and row["agreement"] < LEAST_AGREEMENT:
            row["reason"] = "is not seen there: its features go with something else"
            rows.append(row)
            continue
        found[str(name)] = score / size
        rows.append(row)
    return _Scored(found, rows)


def _figures(
    own: Floats, loading: Floats, score: Floats, total: Floats, *, genes: pd.Series[Any]
) -> dict[str, Any]:
    """How well the features follow the score.

    Args:
        own: features of the module, shape (n_features, n_samples), rows of unit variance.
        loading: shape (n_features,).
        score: mean square 1, shape (n_samples,).
        total: the score before scaling.
        genes: of the features, shape (n_features,); the features of one gene go together whatever
            the others do.
    """
    n_samples = own.shape[1]
    power = float(np.square(own).sum())
    profile, explained, _ = leading_profile(own)
    weight = loading * np.sqrt(np.mean(np.square(own), axis=1))
    code, names = pd.factorize(genes)
    of_gene = np.zeros((len(names), n_samples))
    np.add.at(of_gene, code, weight[:, None] * own)
    rest = total - of_gene[code]
    length = np.sqrt(np.square(rest).sum(axis=1) * np.square(own).sum(axis=1))
    r = np.divide(
        np.einsum("ij,ij->i", own, rest), length, out=np.zeros(len(own)), where=length > 1e-12
    )
    return {
        "variance_explained": float(np.square(own @ score).sum() / n_samples / power),
        "most_explained": float(explained),
        "agreement": float(abs(profile @ score) / n_samples),
        "mean_r": float(np.abs(r).mean()),
        "sign_share": float(np.mean(np.sign(r) == np.sign(loading))),
    }


def without(values: Floats, design: Design) -> Floats:
    """Features without a design, such as one with broad factors; rows of unit variance again.

    Args:
        values: shape (n_features, n_samples).
        design: over the samples.
    """
    rest = residualise(values, design)
    size = np.sqrt(np.mean(np.square(rest), axis=1, keepdims=True))
    return np.divide(rest, size, out=np.zeros_like(rest), where=size > 1e-9)


def _traits(
    modules: Mapping[str, Floats],
    factors: Mapping[str, Floats],
    elsewhere: Elsewhere,
    design: Design,
) -> pd.DataFrame:
    """Modules given what was taken out, factors given the covariates; one q over both."""
    parts = [
        module_traits(
            np.stack(list(found.values())),
            module_ids=list(found),
            traits=elsewhere.traits,
            samples=elsewhere.samples,
            design=given,
            blocks=elsewhere.blocks,
        )
        for found, given in ((modules, design), (factors, elsewhere.design))
        if found
    ]
    if not parts:
        return pd.DataFrame(columns=TRAITS.names)
    tests = pd.concat(parts, ignore_index=True)
    tests["qvalue"] = benjamini_hochberg(tests["pvalue"].to_numpy(dtype=np.float64))
    return tests
