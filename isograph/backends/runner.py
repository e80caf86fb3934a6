"""The one way from a bundle to modules; the command line and the assets both call it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.backends.given import given_backend
from isograph.backends.registry import DEFAULT, get_backend
from isograph.backends.settings import resolve_settings
from isograph.backends.stages import Searched, search_modules
from isograph.bundle import Bundle, load_bundle
from isograph.config import FitSettings, Settings
from isograph.errors import Problem, Problems, StudyError
from isograph.features.build import build_features, feature_record
from isograph.features.model import FeatureSet
from isograph.files import SCHEMA_VERSION
from isograph.importers.module_table import NamedModules, read_modules
from isograph.machine import one_thread
from isograph.modules.eigengenes import module_eigengenes
from isograph.modules.overlaps import module_overlaps
from isograph.modules.roles import module_roles
from isograph.modules.stability import half_sample_stability
from isograph.modules.traits import module_traits
from isograph.network.significance import benjamini_hochberg
from isograph.programmes.find import Programmes
from isograph.programmes.report import programme_loadings, programme_names, programme_table
from isograph.progress import Steps
from isograph.provenance import git_state, package_versions, version
from isograph.results import tables
from isograph.results.model import Fit
from isograph.study import Study, default_study


def study_features(
    bundle: Bundle | Path | str, *, study: Study | None = None, steps: Steps | None = None
) -> FeatureSet:
    """Features of a study: what all its backends share.

    Args:
        bundle: the data set, or its folder.
        study: covariates, traits and settings; a default one if None.
        steps: where to show progress.

    Raises:
        StudyError, ConfigError: the study asks for what is not there.
    """
    bundle = _loaded(bundle)
    study = study or _study_for(bundle)
    shared, _ = resolve_settings(study, get_backend(study.backends[0]))
    return build_features(bundle, study=study, settings=shared.features, steps=steps)


def fit(
    bundle: Bundle | Path | str,
    *,
    study: Study | None = None,
    backend: str | None = None,
    modules: NamedModules | pd.DataFrame | Path | str | None = None,
    features: FeatureSet | None = None,
    steps: Steps | None = None,
) -> Fit:
    """Find the modules of a data set and everything that describes them.

    Args:
        bundle: the data set, or its folder.
        study: covariates, traits, seed and settings; a default one if None.
        backend: name of the backend; `calibrated` if None.
        modules: modules to score instead of finding some: a table or file with `gene_id` and
            `module_id` or `module` (`read_modules`).
        features: features of this study if they are there already (`study_features`).
        steps: where to show progress.

    Returns:
        The fit. The partition depends on data and settings only; the seed enters `membership` and
        `stability`.

    Raises:
        BundleError: the folder holds no valid data set.
        StudyError, ConfigError: the study asks for what is not there, `features` were made for
            another one, or `modules` are refused.
    """
    bundle = _loaded(bundle)
    study = study or _study_for(bundle)
    steps = steps or Steps()
    named = _named(modules, bundle, backend)
    chosen = given_backend(named) if named is not None else get_backend(backend or DEFAULT)
    shared, own = resolve_settings(study, chosen)
    if features is None:
        features = build_features(bundle, study=study, settings=shared.features, steps=steps)
    else:
        check_features(features, study, shared)
    searched = search_modules(
        features,
        chosen,
        own=own,
        shared=shared,
        steps=steps,
        declared=features.traits if study.traits is not None else (),
    )
    partition, programmes = searched.found.partition, searched.programmes
    with steps.step("traits and roles") as note, one_thread():
        found = _describe(features, searched, shared, seed=study.seed)
        note.result = f"{found['traits'].num_rows:,} module–trait tests"
    calibration = {
        "schema_version": SCHEMA_VERSION,
        "backend": chosen.record.name,
        **partition.association.calibration,
        "edge_fwer_pvalue": partition.edge_alpha,
        "n_gene_edges": len(partition.graph),
        "n_modules": partition.n_modules,
        "n_faint_modules": partition.n_faint,
        "n_broad_factors": int(programmes.removed.sum()),
        "broad_factors": {
            "mode": shared.programmes.broad_factors,
            "found": len(programmes),
            "removed": int(programmes.removed.sum()),
            **programmes.record,
        },
    }
    return Fit(
        config=_config(bundle, study, chosen.record.name, features, shared, own)
        | ({} if named is None else {"modules": named.record}),
        calibration=calibration,
        tables=found,
        steps=tuple(steps.done),
        log=tuple(steps.lines),
        files=dict(searched.found.files) | tables.axis_weights(features, found),
    )


def _named(
    modules: NamedModules | pd.DataFrame | Path | str | None, bundle: Bundle, backend: str | None
) -> NamedModules | None:
    """The user's modules, if there are any."""
    if modules is None or isinstance(modules, NamedModules):
        named = modules
    else:
        named = read_modules(modules, known_genes=bundle.gene_ids)
    if named is not None and backend is not None:
        problem = Problem("backend", f"{backend} would find modules, and some are given")
        raise StudyError("modules and backend contradict each other", [problem])
    return named


def check_features(features: FeatureSet, study: Study, settings: FitSettings) -> None:
    """Refuse features that were made for another study or other settings."""
    wanted = feature_record(study, settings.features)
    problems = Problems()
    for name, value in wanted.items():
        if features.record.get(name) != value:
            problems.add(
                name,
                f"is {value}, the features were made with {features.record.get(name)}",
                fix="compute the features again",
            )
    problems.raise_if_any(StudyError, f"the features do not belong to study {study.name}")


def _loaded(bundle: Bundle | Path | str) -> Bundle:
    return bundle if isinstance(bundle, Bundle) else load_bundle(bundle)


def _study_for(bundle: Bundle) -> Study:
    return default_study(bundle.path or Path(bundle.name), name=bundle.name)


def _describe(
    features: FeatureSet, searched: Searched, settings: FitSettings, *, seed: int
) -> dict[str, Any]:
    """Every table of the fit; `features` still have the broad factors."""
    clean, programmes = searched.clean, searched.programmes
    partition = searched.found.partition
    association = partition.association
    module_ids = tables.module_names(partition.n_modules)
    eigengenes = module_eigengenes(clean, association, partition)
    confidence = half_sample_stability(
        clean,
        association,
        partition,
        n_halves=settings.communities.half_samples,
        rng=np.random.default_rng(seed),
    )
    roles = module_roles(
        clean,
        partition.labels,
        eigengenes,
        module_ids=module_ids,
        active_r=settings.roles.active_r,
    )
    overlaps = module_overlaps(
        clean,
        partition,
        eigengenes,
        module_ids=module_ids,
        fwer=settings.communities.member_fwer,
        least_r=settings.roles.active_r,
    )
    return {
        "modules": tables.modules(clean, partition, confidence, roles, module_ids),
        "edges": tables.edges(clean, association, partition),
        "traits": tables.traits(
            _trait_tests(features, clean, eigengenes.values, list(module_ids), programmes)
        ),
        "feature_scores": features.table,
        "module_gene_roles": tables.roles(roles),
        "eigengenes": tables.eigengenes(clean, eigengenes, module_ids),
        "eigengene_loadings": tables.eigengene_loadings(clean, eigengenes, module_ids),
        "module_summary": tables.summary(partition, confidence, roles, module_ids),
        "gene_fates": tables.fates(clean, partition),
        "module_overlaps": tables.overlaps(overlaps),
        "programmes": tables.programmes(features, programme_table(features, programmes)),
        "programme_loadings": tables.programme_loadings(programme_loadings(features, programmes)),
    }


def _trait_tests(
    features: FeatureSet,
    clean: FeatureSet,
    eigengenes: npt.NDArray[np.float64],
    module_ids: list[str],
    programmes: Programmes,
) -> pd.DataFrame:
    """Modules given what was taken out, programmes given the covariates; one q over both."""
    parts = [
        module_traits(
            eigengenes,
            module_ids=module_ids,
            traits=clean.traits,
            samples=clean.samples,
            design=clean.design,
            blocks=clean.blocks,
        )
    ]
    if len(programmes):
        parts.append(
            module_traits(
                programmes.values,
                module_ids=programme_names(len(programmes)),
                traits=features.traits,
                samples=features.samples,
                design=features.design,
                blocks=features.blocks,
            )
        )
    filled = [part for part in parts if len(part)] or parts[:1]
    tests = pd.concat(filled, ignore_index=True)
    tests["qvalue"] = benjamini_hochberg(tests["pvalue"].to_numpy(dtype=np.float64))
    return tests


_RECORDED_ABOVE = ("settings", "covariates", "categorical", "traits", "drop_missing")
_WHERE_THERE = ("blocks", "ordered_levels")


def _config(
    bundle: Bundle,
    study: Study,
    backend: str,
    features: FeatureSet,
    settings: FitSettings,
    own: Settings,
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "study": study.name,
        "backend": backend,
        "bundle": {
            "name": bundle.name,
            "path": str((bundle.path or study.bundle).absolute()),
            "content_hash": bundle.content_hash,
        },
        "covariates": study.covariates,
        "traits": [trait.as_record() for trait in features.traits],
        "declared_traits": None if study.traits is None else list(study.traits),
        "categorical": list(study.categorical),
        "drop_missing": study.drop_missing,
        "n_samples": features.n_samples,
        "seed": study.seed,
        "settings": settings.model_dump(mode="json") | {"backend": own.model_dump(mode="json")},
        **{name: features.record[name] for name in _WHERE_THERE if name in features.record},
        "features": {
            name: value
            for name, value in features.record.items()
            if name not in (*_RECORDED_ABOVE, *_WHERE_THERE)
        },
        "isograph_version": version(),
        "git": git_state(),
        "packages": package_versions(),
    }
