"""`isograph simulate`"""

from __future__ import annotations

import argparse
from pathlib import Path

from isograph.bundle import save_bundle
from isograph.cli.text import table
from isograph.simulation import list_fixtures, simulate


def run(options: argparse.Namespace) -> int:
    """Make one fixture, or list them all."""
    if options.fixture is None:
        rows = [(f.name, f.suite, f.n_genes, f.n_samples, f.n_modules) for f in list_fixtures()]
        print(table(rows, ("fixture", "suite", "genes", "samples", "modules")))
        return 0
    bundle = simulate(options.fixture, seed=options.seed)
    out = options.out or Path("bundles") / options.fixture
    save_bundle(bundle, out, overwrite=options.overwrite)
    print(
        f"{out}: {bundle.n_samples} samples, {len(bundle.gene_ids):,} genes, planted truth\n"
        f"next: isograph fit --dataset-path {out}"
    )
    return 0
