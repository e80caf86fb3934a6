"""`isograph import`"""

from __future__ import annotations

import argparse

from isograph.bundle import save_bundle
from isograph.importers.table import import_table


def run(options: argparse.Namespace) -> int:
    """Turn plain tables into a bundle."""
    bundle = import_table(
        counts=options.counts,
        transcripts=options.transcripts,
        expression=options.expression,
        genes=options.genes,
        samples=options.samples,
        name=options.name or options.out.resolve().name,
    )
    save_bundle(bundle, options.out, overwrite=options.overwrite)
    assays = ", ".join(sorted(bundle.matrices))
    print(
        f"{options.out}: {bundle.n_samples} samples, {len(bundle.gene_ids):,} genes ({assays})\n"
        f"next: isograph fit --dataset-path {options.out}"
    )
    return 0
