"""Salmon: `SAMPLE/quant.sf`, or `SAMPLE.quant.sf`, `SAMPLE.sf` and the like; also gzipped."""

from __future__ import annotations

from pathlib import Path

from isograph.errors import Problems
from isograph.importers.quantifiers.columns import read_columns
from isograph.importers.quantifiers.model import Quantifier, QuantOptions, SampleQuant
from isograph.importers.quantifiers.processed import read_processed

_INFO = "aux_info/meta_info.json"


def read_salmon(path: Path, options: QuantOptions, problems: Problems) -> SampleQuant | None:
    """Read one `quant.sf`.

    Args:
        path: the file, plain or gzip.
        options: not needed.
        problems: collects what is wrong.

    Returns:
        NumReads, EffectiveLength and Length; `n_processed` from `aux_info/meta_info.json` beside
        it. None, with the reasons noted, where the file is not good.
    """
    found = read_columns(
        path,
        ids="Name",
        numbers=("NumReads", "EffectiveLength", "Length"),
        problems=problems,
    )
    if found is None:
        return None
    return SampleQuant(
        ids=found.text["Name"],
        counts=found.numbers["NumReads"],
        effective_lengths=found.numbers["EffectiveLength"],
        lengths=found.numbers["Length"],
        n_processed=read_processed(path.parent / _INFO, "num_processed"),
    )


SALMON = Quantifier(
    name="salmon",
    title="Salmon",
    files=("quant.sf", "*.quant.sf", "*_quant.sf", "*.sf"),
    read=read_salmon,
)
