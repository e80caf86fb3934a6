"""The JSON report of a stability selection, and its picture beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isograph.files import SCHEMA_VERSION, plain, write_bytes, write_json
from isograph.provenance import git_state, package_versions, version
from isograph.results.tables import module_names
from isograph.selection.run import THRESHOLD, AtValue, StabilitySelection

_LISTED = 1000


def report_name(*, study: str, backend: str, dataset: str) -> str:
    """File name without its ending: `<study>-<backend>-<dataset>-stability`.

    A study named like its data set is not named twice.
    """
    stage = backend if study == dataset else f"{study}-{backend}"
    return f"{stage}-{dataset}-stability"


def stability_report(found: StabilitySelection) -> dict[str, Any]:
    """The report as JSON knows it; no times in it, so that the same data give the same bytes."""
    study, best = found.study, found.recommendation
    document = {
        "schema_version": SCHEMA_VERSION,
        "study": study.name,
        "backend": found.backend,
        "dataset": found.dataset,
        "content_hash": found.content_hash,
        "covariates": study.covariates,
        "settings": dict(study.set),
        "seed": study.seed,
        "n_samples": found.n_samples,
        "n_genes": found.n_genes,
        "n_pairs": found.n_pairs,
        "n_samples_half": found.n_half,
        "threshold": THRESHOLD,
        "parameter": found.parameter,
        "study_value": found.study_value,
        "grid": [one.value for one in found.values],
        "recommended": best.value,
        "reason": best.reason,
        "values": [_at_value(one) for one in found.values],
        "stable_edges": _edges(found),
        "isograph_version": version(),
        "git": git_state(),
        "packages": package_versions(),
    }
    made: dict[str, Any] = plain(document)
    return made


def _at_value(one: AtValue) -> dict[str, Any]:
    score, stable = one.score, one.stable_modules
    return {
        "value": one.value,
        "n_modules": one.n_modules,
        "n_genes_in_modules": int(one.sizes.sum()),
        "mean_modules_half": float(one.half_modules.mean()),
        "mean_genes_in_modules_half": float(one.half_genes.mean()),
        "n_stable_modules": int(stable.sum()),
        "n_genes_in_stable_modules": one.n_stable_genes,
        "split_half_ari": {
            "mean": score.mean,
            "sd": score.sd,
            "standard_error": score.se,
            "pairs": one.ari.tolist(),
        },
        "n_edges_full": one.n_edges,
        "mean_edges_half": float(one.half_edges.mean()),
        "n_stable_edges": len(one.stable),
        "false_edges_bound": one.false_edges_bound,
        "stable_modules": [
            {"module_id": name, "n_genes": size, "jaccard": index, "stable": kept}
            for name, size, index, kept in zip(
                module_names(one.n_modules).tolist(),
                one.sizes.tolist(),
                one.jaccard.tolist(),
                stable.tolist(),
                strict=True,
            )
        ],
    }


def _edges(found: StabilitySelection) -> dict[str, Any]:
    """The most often chosen pairs at the recommended value, else at the study's own."""
    best = found.recommendation.value
    value = found.study_value if best is None else best
    one = next(one for one in found.values if one.value == value)
    names = found.gene_ids[one.stable[:_LISTED]].tolist()
    return {
        "value": value,
        "n_edges": len(one.stable),
        "n_listed": len(names),
        "pairs": [
            {"gene_a": first, "gene_b": second, "frequency": share}
            for (first, second), share in zip(names, one.share[:_LISTED].tolist(), strict=True)
        ],
    }


def write_stability(found: StabilitySelection, folder: Path) -> Path:
    """Write the report and its picture, each whole or not at all.

    Args:
        found: to be written.
        folder: made if it is not there; a former report of the same name is replaced.

    Returns:
        The JSON file; the picture has the same name and ends in `.png`.
    """
    # matplotlib is slow to load, and not needed to compute
    from isograph.selection.picture import stability_picture

    document = stability_report(found)
    name = report_name(study=found.study.name, backend=found.backend, dataset=found.dataset)
    path = Path(folder) / f"{name}.json"
    # the picture first, so that a document never stands without it
    write_bytes(path.with_suffix(".png"), stability_picture(document))
    write_json(path, document)
    return path
