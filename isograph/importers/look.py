"""What a folder or file holds, for those who do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from isograph.bundle.format import MANIFEST_FILE
from isograph.errors import ImportDataError, Problems
from isograph.importers.nfcore import find_results, is_results
from isograph.importers.quantifiers import QUANTIFIERS, detect
from isograph.importers.tables.table_folder import find_tables

KINDS: Mapping[str, str] = {name: kind.title for name, kind in QUANTIFIERS.items()} | {
    "nfcore": "an nf-core/rnaseq results folder",
    "h5ad": "an AnnData file of transcript counts",
    "tables": "plain tables",
}
"""Every kind by name, with what people call it; `auto` is one of these."""


@dataclass(frozen=True)
class Found:
    """What a folder or file was taken for.

    Attributes:
        kind: of `KINDS`.
        source: the folder or file to import.
        evidence: a sentence for people.
    """

    kind: str
    source: Path
    evidence: str


def look(source: Path) -> Found:
    """Tell what a folder or file holds.

    Raises:
        ImportDataError: nothing known, or several sets of samples, with the commands that import
            each.
    """
    problems = Problems()
    if source.is_file():
        kind = _kind_of_file(source)
        if kind is not None:
            return Found(kind, source, f"{source.name}: {KINDS[kind]}")
        fix = "isograph import table reads plain tables; other kinds are folders"
        problems.add(str(source), "is a file of no known kind", fix=fix)
        raise ImportDataError("nothing imported", problems.found)
    results = find_results(source) if is_results(source) else []
    if results:
        first = results[0]
        text = f"{KINDS['nfcore']}: {first.n_samples} samples of {first.aligner}"
        others = ", ".join(dict.fromkeys(one.aligner for one in results[1:]))
        return Found("nfcore", source, text + (f" (--aligner takes {others})" if others else ""))
    if (source / MANIFEST_FILE).is_file():
        fix = f"isograph run {source}, or isograph fit --dataset-path {source}"
        problems.add(str(source), "is a bundle already", fix=fix)
        raise ImportDataError("nothing imported", problems.found)
    found = _in_folder(source)
    found += [
        Found(one.kind, one.folder, one.evidence)
        for one in detect(source, problems=Problems() if found else problems)
    ]
    problems.raise_if_any(ImportDataError, "nothing imported")
    if len(found) > 1:
        commands = [
            "isograph import table --counts FILE …"
            if one.kind == "tables"
            else f"isograph import {one.kind} {one.source} …"
            for one in found[:3]
        ]
        problems.add(
            str(source),
            "holds several sets of samples",
            examples=[one.evidence for one in found],
            count=len(found),
            fix=f"name one, with its gene map and sheet: {' or '.join(commands)}",
        )
        raise ImportDataError("nothing imported", problems.found)
    return found[0]


def _in_folder(source: Path) -> list[Found]:
    """AnnData files and plain tables of a folder."""
    if not source.is_dir():
        return []
    files = sorted(source.glob("*.h5ad"))
    found = [Found("h5ad", one, f"{one.name}: {KINDS['h5ad']}") for one in files]
    tables = find_tables(source)
    if tables is not None:
        values = tables.counts or tables.expression
        assert values is not None
        found.append(Found("tables", source, f"{KINDS['tables']}: {values.name}"))
    return found


def _kind_of_file(path: Path) -> str | None:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".h5ad"):
        return "h5ad"
    if name.endswith(".gct"):
        return "gct"
    return "prepde" if name.endswith("transcript_count_matrix.csv") else None
