"""StringTie (-B, -b) and Ballgown: `SAMPLE/t_data.ctab`, also gzipped."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from isograph.errors import Problems
from isograph.importers.quantifiers.columns import read_columns
from isograph.importers.quantifiers.model import Quantifier, QuantOptions, SampleQuant

_NONE = pa.array(["", "."])


def read_ctab(path: Path, options: QuantOptions, problems: Problems) -> SampleQuant | None:
    """Read one `t_data.ctab`.

    Counts are `cov · length / read_length`: coverage is bases a base of transcript (the formula of
    StringTie's prepDE and of tximport, Soneson et al. 2015; not rounded up here).

    Args:
        path: the file, plain or gzip.
        options: `read_length`, in bases, must be there.
        problems: collects what is wrong.

    Returns:
        Counts, length, and gene id and name of every transcript, null where StringTie knows none
        and writes a point; effective lengths are not in the file. None, with the reasons noted,
        where the file is not good.
    """
    if options.read_length is None or not options.read_length > 0:
        raise ValueError("read_length must be given and above 0")
    found = read_columns(
        path,
        ids="t_name",
        text=("gene_id", "gene_name"),
        numbers=("cov", "length"),
        problems=problems,
    )
    if found is None:
        return None
    lengths = found.numbers["length"]
    genes, names = (
        pc.if_else(pc.is_in(column, value_set=_NONE), pa.scalar(None, pa.string()), column)
        for column in (found.text["gene_id"], found.text["gene_name"])
    )
    return SampleQuant(
        ids=found.text["t_name"],
        counts=found.numbers["cov"] * (lengths / options.read_length),
        lengths=lengths,
        genes=genes,
        names=names,
    )


CTAB = Quantifier(
    name="ctab",
    title="StringTie or Ballgown",
    files=("t_data.ctab",),
    read=read_ctab,
    strip=".ballgown",  # as nf-core/rnaseq names the folders
    needs=frozenset({"read_length"}),
)
