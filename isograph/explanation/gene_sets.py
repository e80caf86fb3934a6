"""Gene sets of the user's own: which of them a module overlaps more than chance would."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from isograph.errors import OutputError, Problems
from isograph.explanation.schema import GENE_SETS
from isograph.explanation.source import Profile, Source
from isograph.files import to_arrow
from isograph.network.significance import benjamini_hochberg

LEAST_GENES, MOST_GENES = 5, 2000
_LEAST_KNOWN = 0.01
_SHOWN_GENES = 200
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class GeneSets:
    """Sets of genes as a GMT file has them.

    Attributes:
        source: name of the file.
        names: shape (n_sets,).
        set_of, gene_of: set number and gene of each membership, without repeats, shape (n_pairs,).
    """

    source: str
    names: npt.NDArray[np.str_]
    set_of: npt.NDArray[np.int64]
    gene_of: npt.NDArray[np.str_]


@dataclass(frozen=True)
class TestedSets:
    """Gene sets in terms of a fit's genes.

    Attributes:
        names: of the sets that are tested, shape (n_sets,).
        members: bool, shape (n_sets, n_genes): genes of `Source.features`.
        record: file, by which ids it was matched, how many of its genes are known.
    """

    __test__ = False

    names: npt.NDArray[np.str_]
    members: npt.NDArray[np.bool_]
    record: dict[str, str | int]


def read_gene_sets(path: Path) -> GeneSets:
    """Read a GMT file: a set a line, tab-separated: name, description, genes.

    Args:
        path: plain or gzip.

    Raises:
        OutputError: lists everything that is wrong with it.
    """
    path, problems = Path(path), Problems()
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        what = (
            "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        )
        problems.add(str(path), what, fix="give a GMT file")
        problems.raise_if_any(OutputError, "gene sets refused")
        raise
    rows = [line.rstrip("\r").split("\t") for line in text.split("\n") if line.strip()]
    short = [str(number) for number, row in enumerate(rows, start=1) if len(row) < 3]
    if short or not rows:
        what = "sets without genes, at entry" if rows else "holds no set"
        advice = "one set a line, tab-separated: name, description, genes"
        problems.add(str(path), what, examples=short, count=len(short) or None, fix=advice)
    names = [row[0].strip() for row in rows]
    repeated = sorted(name for name, n in Counter(names).items() if n > 1)
    if repeated:
        problems.add(
            str(path),
            "sets of the same name",
            examples=repeated,
            count=len(repeated),
            fix="give every set a name of its own",
        )
    problems.raise_if_any(OutputError, "gene sets refused")
    pairs = pd.DataFrame(
        {
            "set": np.repeat(np.arange(len(rows)), [len(row) - 2 for row in rows]),
            "gene": [gene.strip() for row in rows for gene in row[2:]],
        }
    )
    pairs = pairs[pairs["gene"] != ""].drop_duplicates()
    return GeneSets(
        source=path.name,
        names=np.array(names, dtype=np.str_),
        set_of=pairs["set"].to_numpy(dtype=np.int64),
        gene_of=pairs["gene"].to_numpy(dtype=np.str_),
    )


def match_gene_sets(
    source: Source, sets: GeneSets, *, least: int = LEAST_GENES, most: int = MOST_GENES
) -> TestedSets:
    """Gene sets over the genes that the fit could have found: those with features.

    Sets may name genes by id, by id without its version, or by name; what matches most is taken.

    Args:
        source: fit and data.
        sets: of the user.
        least, most: genes in the background that a set needs to be tested.

    Raises:
        OutputError: next to none of the sets' genes is known, or no set is of a size to test.
    """
    genes = source.features.gene_ids
    names = source.gene_names.reindex(genes).to_numpy(dtype=str)
    ids = {
        "gene_id": genes,
        "gene_id without version": np.array([g.split(".")[0] for g in genes], dtype=np.str_),
        "gene_name": names,
        "gene_name in capitals": np.char.upper(names) if len(names) else names,
    }
    asked = np.unique(sets.gene_of)
    known = {
        kind: int(np.isin(np.char.upper(asked) if "capitals" in kind else asked, values).sum())
        for kind, values in ids.items()
    }
    kind = max(known, key=lambda name: known[name])
    problems = Problems()
    if known[kind] < max(1, _LEAST_KNOWN * len(asked)):
        problems.add(
            sets.source,
            f"{known[kind]} of its {len(asked)} genes are in the fit, by id or by name",
            examples=asked[:3],
            fix=f"name genes as the data set does: {', '.join(genes[:3])}",
        )
    wanted = np.char.upper(sets.gene_of) if "capitals" in kind else sets.gene_of
    members = np.zeros((len(sets.names), len(genes)), dtype=bool)
    # several genes of the data set may share a name: all of them belong
    place = pd.DataFrame({"key": ids[kind], "gene": np.arange(len(genes))})
    pairs = pd.DataFrame({"key": wanted, "set": sets.set_of}).merge(place, on="key")
    members[pairs["set"].to_numpy(), pairs["gene"].to_numpy()] = True
    size = members.sum(axis=1)
    fits = (size >= least) & (size <= most)
    if not problems and not fits.any():
        problems.add(
            sets.source,
            f"no set has {least} to {most} genes of the fit; the largest has {int(size.max())}",
            fix="see --gene-set-sizes",
        )
    problems.raise_if_any(OutputError, "gene sets refused")
    return TestedSets(
        names=sets.names[fits],
        members=members[fits],
        record={
            "file": sets.source,
            "matched_by": kind,
            "n_genes_of_file": len(asked),
            "n_genes_known": known[kind],
            "n_sets_of_file": len(sets.names),
            "n_sets_tested": int(fits.sum()),
            "n_background": len(genes),
        },
    )


def gene_set_table(source: Source, profile: Profile, sets: TestedSets) -> pa.Table:
    """Hypergeometric test of a module against each set, the fit's expressed genes as background.

    One-sided for more overlap than chance (Fisher 1935); Benjamini–Hochberg over all sets tested
    for this module, with overlap or without; sets without overlap have no row. The odds ratio is
    the sample's, ∞ written as null.

    Args:
        source: fit and data.
        profile: module or programme.
        sets: from `match_gene_sets`.

    Returns:
        Columns of `schema.GENE_SETS`, by p, then name; `genes` are those in both, by name,
        comma-separated, the first 200.
    """
    from scipy.stats import hypergeom

    genes = source.features.gene_ids
    in_module = np.isin(genes, profile.genes)
    n, n_module = len(genes), int(in_module.sum())
    n_set = sets.members.sum(axis=1)
    overlap = sets.members[:, in_module].sum(axis=1)
    p = hypergeom.sf(overlap - 1, n, n_set, n_module)
    both, only_set, only_module = overlap, n_set - overlap, n_module - overlap
    neither = n - n_set - only_module
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = both * neither / (only_set * only_module)
    frame = pd.DataFrame(
        {
            "set": sets.names,
            "n_set": n_set,
            "n_overlap": overlap,
            "n_background": n,
            "odds_ratio": np.where(np.isfinite(odds), odds, np.nan),
            "pvalue": p,
            "qvalue": benjamini_hochberg(p),
        }
    )
    names = source.gene_names.reindex(genes).to_numpy(dtype=object)
    shown = np.flatnonzero(overlap > 0)
    frame = frame.iloc[shown].assign(
        genes=[
            ", ".join(sorted(names[sets.members[row] & in_module])[:_SHOWN_GENES]) for row in shown
        ]
    )
    return to_arrow(frame.sort_values(["pvalue", "set"], ignore_index=True), GENE_SETS)
