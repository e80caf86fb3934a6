"""Evidence for attribution by the autoencoder, on seeds that a commit's hash gives.

    OMP_NUM_THREADS=1 python scripts/evidence_attribution.py --seed-from "$(git rev-parse HEAD)"

Fits fixtures with the `vae` backend, writes and reads them as users do, and asks decoder and
encoder about every planted module; an untrained network answers beside them. Writes
`artifacts/reports/evidence-attribution.json` and the table in docs/attribution.md.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch

from isograph.backends import fit
from isograph.backends.vae.module import Vae
from isograph.bundle import Bundle, save_bundle
from isograph.evaluation.plan import derived_seeds
from isograph.explanation.attribution.decoder import attribute_decoder, decoded_response
from isograph.explanation.attribution.integrated_gradients import (
    COMPLETENESS,
    attribute_encoder,
    integrate,
)
from isograph.explanation.attribution.model import Autoencoder, open_autoencoder
from isograph.explanation.attribution.ranking import member_auc
from isograph.explanation.source import MODULE, Profile, open_source
from isograph.files import SCHEMA_VERSION, write_json, write_text
from isograph.provenance import git_state, package_versions, version
from isograph.results import Fit, read_fit, write_fit
from isograph.simulation import simulate
from isograph.study import make_study

REPORT = Path("artifacts/reports/evidence-attribution.json")
PAGE = Path("docs/attribution.md")
BEGIN, END = "<!-- evidence: scripts/evidence_attribution.py -->", "<!-- end of evidence -->"
LEAST_AUC = 0.99
ANSWERS = {
    "decoder": "decoder",
    "encoder": "encoder (IG)",
    "correlation": "correlation",
    "decoder_untrained": "decoder, untrained",
    "encoder_untrained": "encoder, untrained",
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A fixture and what is set for it."""

    fixture: str
    n_seeds: int
    settings: Mapping[str, Any] = field(default_factory=dict)


PARTS = {
    "medium multiplex": Part("medium_multiplex_v1", 5),
    "noisy multiplex": Part("noisy_multiplex_v1", 3),
    "large": Part("xxlarge_multiplex_v1", 1),
    # too few dimensions, so that the model bends: completeness needs a path here
    "nonlinear, two dimensions": Part(
        "nonlinear_v1", 3, {"backend.latent_dim": 2, "backend.sureness": 0}
    ),
}


def measure(part: Part, seed: int) -> list[Row]:
    """One row a planted module of one fixture."""
    with TemporaryDirectory() as place:
        bundle = simulate(part.fixture, seed=seed)
        save_bundle(bundle, Path(place) / "bundle")
        study = make_study(bundle=Path(place) / "bundle", set=dict(part.settings))
        write_fit(fit(study.bundle, study=study, backend="vae"), Path(place) / "fit")
        found = read_fit(Path(place) / "fit")
        autoencoder = open_autoencoder(open_source(found))
    common = {
        "fixture": part.fixture,
        "seed": seed,
        "n_features": autoencoder.features.n_features,
        "n_samples": autoencoder.features.n_samples,
        "n_latent": autoencoder.record["n_latent"],
        "nonlinear": bool(autoencoder.record["hidden_widths"]),
    }
    truth = planted_genes(bundle)
    return [
        common | asked(autoencoder, name, genes, closest(found, autoencoder, genes))
        for name, genes in truth.items()
    ]


def planted_genes(bundle: Bundle) -> dict[str, set[str]]:
    """Genes of each planted module."""
    truth = bundle.tables["truth_module"].astype(str)
    return {str(name): set(genes) for name, genes in truth.groupby("module_id")["gene_id"]}


def closest(found: Fit, autoencoder: Autoencoder, genes: set[str]) -> Profile | None:
    """The module that shares most genes with a planted one; None where none shares any."""
    shared = found.modules[found.modules["gene_id"].isin(genes)]["module_id"].value_counts()
    return None if shared.empty else autoencoder.source.profiles[str(shared.index[0])]


def asked(autoencoder: Autoencoder, name: str, genes: set[str], profile: Profile | None) -> Row:
    """What decoder and encoder say about the module that stands for a planted one."""
    if profile is None or profile.kind != MODULE:
        return {"planted": name, "module": None}
    start = time.perf_counter()
    decoder = attribute_decoder(autoencoder, profile)
    between = time.perf_counter()
    encoder = attribute_encoder(autoencoder, profile)
    end = time.perf_counter()
    answers = {
        "decoder": (decoder.responses, "decoded_response"),
        "decoder_untrained": (decoder.responses, "untrained_response"),
        "correlation": (decoder.responses, "r"),
        "encoder": (encoder.attributions, "mean_abs_ig"),
        "encoder_untrained": (encoder.attributions, "untrained_mean_abs_ig"),
    }
    return {
        "planted": name,
        "module": profile.name,
        "n_genes": len(profile.genes),
        "n_shared": len(genes & set(profile.genes)),
        "latent_eigengene_r": decoder.direction.r,
        "latent_eigengene_r_cv": decoder.direction.r_cv,
        "auc": {key: auc(autoencoder, *answer, genes) for key, answer in answers.items()},
        "n_drivers": len(decoder.drivers),
        "drivers_planted": int(decoder.drivers["gene_id"].isin(genes).sum()),
        "completeness_error": encoder.record["completeness_error"],
        "completeness_error_untrained": encoder.record["untrained"]["completeness_error"],
        "steps": encoder.record["steps"],
        "decoder_seconds": between - start,
        "encoder_seconds": end - between,
    }


def auc(autoencoder: Autoencoder, table: pd.DataFrame, column: str, genes: set[str]) -> Row | None:
    """Planted genes of the module against all others, by one column."""
    ids = autoencoder.features.meta["feature_id"]
    strength = table.set_index("feature_id")[column].abs().reindex(ids).to_numpy(dtype=float)
    found = member_auc(strength, autoencoder.features, np.array(sorted(genes)))
    return None if found is None else asdict(found)


def summary(rows: Sequence[Row]) -> Row:
    """Worst and mean over planted modules."""
    there = [row for row in rows if row["module"] is not None]
    told: Row = {"n_planted": len(rows), "n_found": len(there)}
    told["n_nonlinear"] = sum(row["nonlinear"] for row in there)
    for who in there[0]["auc"]:
        for kind in ("best_feature", "adjusted"):
            values = [row["auc"][who][kind] for row in there]
            told[f"auc_{who}_{kind}"] = {
                "least": min(values),
                "mean": fmean(values),
                "most": max(values),
            }
    told["least_latent_eigengene_r_cv"] = min(row["latent_eigengene_r_cv"] for row in there)
    told["largest_completeness_error"] = max(row["completeness_error"] for row in there)
    told["most_steps"] = max(row["steps"] for row in there)
    told["n_drivers"] = sum(row["n_drivers"] for row in there)
    told["n_drivers_planted"] = sum(row["drivers_planted"] for row in there)
    told["mean_decoder_seconds"] = fmean(row["decoder_seconds"] for row in there)
    told["mean_encoder_seconds"] = fmean(row["encoder_seconds"] for row in there)
    return told


def speed(n_features: int = 32_000, n_samples: int = 300, n_latent: int = 16) -> Row:
    """Seconds for one direction of a bent model of random weights: 16,000 genes of two features."""
    generator = torch.Generator().manual_seed(1)
    model = Vae(n_features, n_latent, (16,), generator).requires_grad_(False)
    model.loadings.normal_(std=0.01, generator=generator)
    model.encode_out.weight.normal_(generator=generator)
    x, share = torch.randn(n_samples, n_features, generator=generator), torch.ones(n_samples, 1)
    latent = model.encode(x, share).mean.double().numpy()
    step = np.eye(n_latent)[0]
    start = time.perf_counter()
    decoded_response(model, latent, step)
    between = time.perf_counter()
    found = integrate(
        lambda given, own: model.encode(given, own).mean[:, 0],
        x,
        share,
        torch.zeros(1, n_features),
        completeness=COMPLETENESS,
    )
    return {
        "n_features": n_features,
        "n_samples": n_samples,
        "n_latent": n_latent,
        "decoder_seconds": between - start,
        "encoder_seconds": time.perf_counter() - between,
        "steps": found.steps,
        "completeness_error": found.completeness_error,
    }


def evidence_table(told: Mapping[str, Row]) -> list[str]:
    """Least and mean area over planted modules, by the best feature; controls adjusted too."""
    head = ["fixture", "modules", *ANSWERS.values(), "completeness error", "seconds a module"]
    lines = [head, ["---"] * len(head)]
    for name, row in told.items():
        cells = []
        for who in ANSWERS:
            area = row[f"auc_{who}_best_feature"]
            if who.endswith("_untrained"):
                adjusted = row[f"auc_{who}_adjusted"]["mean"]
                cells.append(f"{area['mean']:.2f} ({adjusted:.2f})")
            else:
                cells.append(f"{area['mean']:.3f} (≥ {area['least']:.3f})")
        seconds = row["mean_decoder_seconds"] + row["mean_encoder_seconds"]
        error = f"≤ {row['largest_completeness_error']:.0e}"
        modules = f"{row['n_found']} of {row['n_planted']}"
        lines.append([name, modules, *cells, error, f"{seconds:.2f}"])
    return [f"| {' | '.join(line)} |" for line in lines]


def put(page: Path, lines: Sequence[str]) -> None:
    """Replace what stands between the page's markers."""
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    assert pattern.search(text), f"{page} has no markers"
    block = "\n".join([BEGIN, "", *lines, "", END])
    write_text(page, pattern.sub(lambda _: block, text))


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed-from", required=True, help="text that seeds are made of")
    parser.add_argument("--report", type=Path, default=REPORT)
    options = parser.parse_args()
    results: dict[str, list[Row]] = {}
    for name, part in PARTS.items():
        seeds = derived_seeds(options.seed_from, part.n_seeds)
        results[name] = [row for seed in seeds for row in measure(part, seed)]
        print(f"{name}: {len(results[name])} planted modules", flush=True)
    told = {name: summary(rows) for name, rows in results.items()}
    report = {
        "schema_version": SCHEMA_VERSION,
        "seeds_from": options.seed_from,
        "isograph_version": version(),
        "git": git_state(),
        "packages": package_versions(),
        "wanted": {"auc": LEAST_AUC, "completeness_error": COMPLETENESS},
        "summary": told,
        "speed": speed(),
        "results": results,
    }
    options.report.parent.mkdir(parents=True, exist_ok=True)
    write_json(options.report, report)
    lines = evidence_table(told)
    print("\n".join(lines))
    put(PAGE, lines)


if __name__ == "__main__":
    main()
