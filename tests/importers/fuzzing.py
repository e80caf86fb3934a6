"""Random damage to every kind of input of an import, and what must come of it.

A damaged input ends in one of two ways: it is refused, with one error and nothing written, or it
makes the bundle that the undamaged input makes. Some things are beyond any reader: a map or table
that lost whole lines at its end is a smaller one, and one that calls transcripts otherwise is one
of others. Then the bundle may differ, if counts and genes that are told are right, and the import
report names every transcript that lost its gene, and counts those that are missing.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from isograph.bundle import load_bundle, save_bundle
from isograph.errors import IsographError
from isograph.importers.building.assemble import Imported
from isograph.importers.cohort import import_cohort
from isograph.importers.options import ImportOptions
from isograph.importers.tables.count_table import import_count_table
from isograph.importers.tables.table import import_table

Damage = Callable[[Path, np.random.Generator], None]

REFUSED, SAME, NAMED, WRONG = "refused", "same bundle", "loss named in the report", "wrong"

SAMPLES = ("S1", "S2", "S3", "S4")
TRANSCRIPTS = tuple(f"ENST{number:05d}.{number % 4 + 1}" for number in range(1, 15))
GENES = tuple(f"ENSG{number // 2:05d}.1" for number in range(2, 16))
NAMES = tuple(f"GENE{number // 2}" for number in range(2, 16))


@dataclass(frozen=True)
class Case:
    """One way to import, with its files in a folder.

    Attributes:
        files: that can be damaged, by role: `quant`, `map`, `gtf`, `sheet`, `counts` …
        run: makes the bundle.
    """

    files: Mapping[str, Sequence[Path]]
    run: Callable[[], Imported]


@dataclass
class Tally:
    """Outcomes by kind of input and damage, and everything that went wrong."""

    outcomes: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def add(self, kind: str, role: str, damage: str, outcome: str, told: str) -> None:
        key = (kind, role, damage, outcome)
        self.outcomes[key] = self.outcomes.get(key, 0) + 1
        if outcome == WRONG:
            self.wrong.append(f"{kind}, {role}, {damage}: {told}")


# ---- undamaged inputs


def _numbers() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(1)
    counts = np.round(rng.gamma(2.0, 40.0, (len(TRANSCRIPTS), len(SAMPLES))), 3)
    lengths = rng.integers(400, 4000, len(TRANSCRIPTS)).astype(float)
    effective = np.round(lengths[:, None] - rng.uniform(150, 220, (1, len(SAMPLES))), 3)
    return counts, lengths, effective


COUNTS, LENGTHS, EFFECTIVE = _numbers()


def _tsv(frame: pd.DataFrame, path: Path, *, sep: str = "\t") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, sep=sep, index=False)
    return path


def _tpm(column: int) -> Any:
    rate = COUNTS[:, column] / EFFECTIVE[:, column]
    return np.round(rate / rate.sum() * 1e6, 4)


def _map(folder: Path, ending: str) -> Path:
    frame = pd.DataFrame({"transcript_id": TRANSCRIPTS, "gene_id": GENES, "gene_name": NAMES})
    if ending == "parquet":
        frame.to_parquet(folder / "tx2gene.parquet")
        return folder / "tx2gene.parquet"
    return _tsv(frame, folder / f"tx2gene.{ending}", sep="," if ending == "csv" else "\t")


def _sheet(folder: Path, ending: str) -> Path:
    frame = pd.DataFrame({"sample": SAMPLES, "Dx": list("abab"), "age": [41, 52, 33, 27]})
    path = folder / f"samples.{ending}"
    if ending == "parquet":
        frame.to_parquet(path)
    elif ending == "xlsx":
        frame.to_excel(path, index=False)
    else:
        _tsv(frame, path, sep="," if ending == "csv" else "\t")
    return path


def _gtf(folder: Path) -> Path:
    lines = []
    for place, (transcript, gene, name) in enumerate(zip(TRANSCRIPTS, GENES, NAMES, strict=True)):
        start = 1 + 5000 * place
        about = f'gene_id "{gene}"; transcript_id "{transcript}"; gene_name "{name}";'
        lines.append(f"chr1\tx\texon\t{start}\t{start + 999}\t.\t+\t.\t{about}\n")
    (folder / "genes.gtf").write_text("".join(lines))
    return folder / "genes.gtf"


def _quant(folder: Path, kind: str) -> list[Path]:
    paths = []
    for column, sample in enumerate(SAMPLES):
        counts, effective = COUNTS[:, column], EFFECTIVE[:, column]
        if kind == "salmon":
            columns = dict(
                zip(
                    ("Name", "Length", "EffectiveLength", "TPM", "NumReads"),
                    (TRANSCRIPTS, LENGTHS.astype(int), effective, _tpm(column), counts),
                    strict=True,
                )
            )
            path = folder / "q" / sample / "quant.sf"
        elif kind == "kallisto":
            columns = dict(
                zip(
                    ("target_id", "length", "eff_length", "est_counts", "tpm"),
                    (TRANSCRIPTS, LENGTHS.astype(int), effective, counts, _tpm(column)),
                    strict=True,
                )
            )
            path = folder / "q" / sample / "abundance.tsv"
        elif kind == "rsem":
            columns = dict(
                zip(
                    (
                        "transcript_id",
                        "gene_id",
                        "length",
                        "effective_length",
                        "expected_count",
                        "TPM",
                        "FPKM",
                        "IsoPct",
                    ),
                    (
                        TRANSCRIPTS,
                        GENES,
                        LENGTHS.astype(int),
                        effective,
                        counts,
                        _tpm(column),
                        _tpm(column),
                        [50.0] * len(TRANSCRIPTS),
                    ),
                    strict=True,
                )
            )
            path = folder / "q" / f"{sample}.isoforms.results"
        else:
            columns = dict(
                zip(
                    (
                        "t_id",
                        "chr",
                        "strand",
                        "start",
                        "end",
                        "t_name",
                        "num_exons",
                        "length",
                        "gene_id",
                        "gene_name",
                        "cov",
                        "FPKM",
                    ),
                    (
                        range(1, 15),
                        ["1"] * 14,
                        ["+"] * 14,
                        range(1, 15),
                        range(101, 115),
                        TRANSCRIPTS,
                        [1] * 14,
                        LENGTHS.astype(int),
                        GENES,
                        NAMES,
                        counts,
                        _tpm(column),
                    ),
                    strict=True,
                )
            )
            path = folder / "q" / sample / "t_data.ctab"
        paths.append(_tsv(pd.DataFrame(columns), path))
    return paths


def _wide(first: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    frame = pd.DataFrame(dict(first))
    for column, sample in enumerate(SAMPLES):
        frame[sample] = COUNTS[:, column]
    return frame


def cases(folder: Path) -> dict[str, Callable[[Path], Case]]:
    """Every way to import, by name; each writes its files into a folder and returns a `Case`."""

    def quantified(kind: str, genes: str, sheet: str, **more: Any) -> Callable[[Path], Case]:
        def make(place: Path) -> Case:
            files: dict[str, list[Path]] = {"quant": _quant(place, kind)}
            named: dict[str, Any] = dict(more)
            if genes == "gtf":
                named["gtf"] = _gtf(place)
                files["gtf"] = [named["gtf"]]
            elif genes:
                named["tx2gene"] = _map(place, genes)
                files["map"] = [named["tx2gene"]]
            named["samples"] = _sheet(place, sheet)
            files["sheet"] = [named["samples"]]
            options = ImportOptions(**named)
            return Case(
                files,
                lambda: import_cohort(place / "q", kind=kind, name="x", options=options),
            )

        return make

    def matrix(kind: str) -> Callable[[Path], Case]:
        def make(place: Path) -> Case:
            sheet, genes = _sheet(place, "tsv"), _map(place, "csv")
            if kind == "prepde":
                frame = _wide({"transcript_id": TRANSCRIPTS})
                path = _tsv(frame, place / "q" / "transcript_count_matrix.csv", sep=",")
                options = ImportOptions(samples=sheet, tx2gene=genes)
                files = {"matrix": [path], "map": [genes], "sheet": [sheet]}
            else:
                frame = _wide({"transcript_id": TRANSCRIPTS, "gene_id": GENES})
                path = _tsv(frame, place / "q" / "counts.gct")
                head = f"#1.2\n{len(frame)}\t{len(SAMPLES)}\n"
                path.write_text(head + path.read_text())
                options = ImportOptions(samples=sheet)
                files = {"matrix": [path], "sheet": [sheet]}
            return Case(
                files, lambda: import_cohort(place / "q", kind=kind, name="x", options=options)
            )

        return make

    def nfcore(place: Path) -> Case:
        run = place / "q"
        quants = [
            path.rename(run / "star_salmon" / path.parent.name / path.name)
            for path in _moved(_quant(place, "salmon"), run / "star_salmon")
        ]
        genes = _tsv(
            pd.DataFrame({"transcript_id": TRANSCRIPTS, "gene_id": GENES, "gene_name": NAMES}),
            run / "star_salmon" / "tx2gene.tsv",
        )
        sheet = _sheet(place, "csv")
        options = ImportOptions(samples=sheet)
        return Case(
            {"quant": quants, "map": [genes], "sheet": [sheet]},
            lambda: import_cohort(run, kind="nfcore", name="x", options=options),
        )

    def h5ad(place: Path) -> Case:
        import anndata

        path = place / "x.h5ad"
        anndata.AnnData(
            X=COUNTS.T.copy(),
            obs=pd.DataFrame({"Dx": list("abab")}, index=list(SAMPLES)),
            var=pd.DataFrame({"gene_id": GENES, "gene_name": NAMES}, index=list(TRANSCRIPTS)),
        ).write_h5ad(path)
        return Case({"binary": [path]}, lambda: import_cohort(path, kind="h5ad", name="x"))

    def kallisto_h5(place: Path) -> Case:
        import h5py

        paths = []
        for column, sample in enumerate(SAMPLES):
            path = place / "q" / sample / "abundance.h5"
            path.parent.mkdir(parents=True)
            with h5py.File(path, "w") as handle:
                handle["est_counts"] = COUNTS[:, column]
                handle["aux/ids"] = np.array(TRANSCRIPTS, dtype="S20")
                handle["aux/lengths"] = LENGTHS.astype(np.int32)
                handle["aux/eff_lengths"] = EFFECTIVE[:, column]
            paths.append(path)
        genes, sheet = _map(place, "tsv"), _sheet(place, "csv")
        options = ImportOptions(tx2gene=genes, samples=sheet)
        return Case(
            {"binary": paths, "map": [genes], "sheet": [sheet]},
            lambda: import_cohort(place / "q", kind="kallisto", name="x", options=options),
        )

    def tables(ending: str, *, exact: bool) -> Callable[[Path], Case]:
        def make(place: Path) -> Case:
            frame = _wide({"transcript_id": TRANSCRIPTS})
            path = place / f"counts.{ending}"
            if ending == "parquet":
                frame.to_parquet(path)
            else:
                _tsv(frame, path, sep="," if ending.startswith("csv") else "\t")
            sheet, genes = _sheet(place, "csv"), _map(place, "csv")
            files = {
                "counts": [path],
                "map" if not exact else "transcripts": [genes],
                "sheet": [sheet],
            }
            if exact:
                options = ImportOptions(samples=sheet)
                return Case(
                    files,
                    lambda: import_table(name="x", options=options, counts=path, transcripts=genes),
                )
            options = ImportOptions(samples=sheet, tx2gene=genes)
            return Case(files, lambda: import_count_table(path, name="x", options=options))

        return make

    return {
        "salmon, csv map, csv sheet": quantified("salmon", "csv", "csv"),
        "salmon, gtf, xlsx sheet": quantified("salmon", "gtf", "xlsx"),
        "salmon, parquet map, parquet sheet": quantified("salmon", "parquet", "parquet"),
        "kallisto, tsv map, tsv sheet": quantified("kallisto", "tsv", "tsv"),
        "kallisto h5": kallisto_h5,
        "rsem": quantified("rsem", "", "csv"),
        "ctab": quantified("ctab", "", "tsv", read_length=75.0),
        "prepde": matrix("prepde"),
        "gct": matrix("gct"),
        "nf-core": nfcore,
        "h5ad": h5ad,
        "table, tsv": tables("tsv", exact=True),
        "table, csv.gz and map": tables("csv.gz", exact=False),
        "table, parquet": tables("parquet", exact=True),
    }


def _moved(paths: Sequence[Path], root: Path) -> Iterator[Path]:
    for path in paths:
        (root / path.parent.name).mkdir(parents=True)
        yield path


# ---- damage


def _read(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def _write(path: Path, content: bytes) -> None:
    packed = path.name.endswith(".gz")
    path.write_bytes(gzip.compress(content) if packed else content)


def _text(change: Callable[[str, np.random.Generator], str]) -> Damage:
    def damage(path: Path, rng: np.random.Generator) -> None:
        _write(path, change(_read(path).decode(), rng).encode())

    return damage


def _truncated(path: Path, rng: np.random.Generator) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(rng.integers(0, max(len(content), 1)))])


def _truncated_text(path: Path, rng: np.random.Generator) -> None:
    content = _read(path)
    _write(path, content[: int(rng.integers(0, max(len(content), 1)))])


def _empty(path: Path, rng: np.random.Generator) -> None:
    path.write_bytes(b"")


def _folder(path: Path, rng: np.random.Generator) -> None:
    path.unlink()
    path.mkdir()


def _gone(path: Path, rng: np.random.Generator) -> None:
    path.unlink()


def _noise(path: Path, rng: np.random.Generator) -> None:
    content = bytearray(path.read_bytes())
    for place in rng.integers(0, max(len(content), 1), 1 + int(rng.integers(0, 8))):
        if content:
            content[int(place)] = int(rng.choice([0, 255, 254, 128]))
    path.write_bytes(bytes(content))


def _separator(text: str, rng: np.random.Generator) -> str:
    mine = "\t" if "\t" in text else ","
    return text.replace(
        mine, str(rng.choice([one for one in (",", ";", "|", " ", "\t") if one != mine]))
    )


def _header_twice(text: str, rng: np.random.Generator) -> str:
    return text.split("\n", 1)[0] + "\n" + text


def _name_twice(text: str, rng: np.random.Generator) -> str:
    first, rest = text.split("\n", 1)
    mine = "\t" if "\t" in first else ","
    cells = first.split(mine)
    one, other = rng.choice(len(cells), 2, replace=False) if len(cells) > 1 else (0, 0)
    cells[int(one)] = cells[int(other)]
    return mine.join(cells) + "\n" + rest


def _row_twice(text: str, rng: np.random.Generator) -> str:
    lines = text.splitlines(keepends=True)
    row = int(rng.integers(1, len(lines)))
    return "".join([*lines[: row + 1], *lines[row:]])


def _open_quote(text: str, rng: np.random.Generator) -> str:
    """A quote at the beginning of a cell that nothing closes."""
    lines = text.splitlines(keepends=True)
    mine = "\t" if "\t" in text else ","
    row = int(rng.integers(1, len(lines)))
    cells = lines[row].split(mine)
    place = int(rng.integers(len(cells)))
    cells[place] = '"' + cells[place]
    lines[row] = mine.join(cells)
    return "".join(lines)


def _mixed_ids(text: str, rng: np.random.Generator) -> str:
    lines = text.splitlines(keepends=True)
    for row in rng.choice(np.arange(1, len(lines)), max(1, len(lines) // 3), replace=False):
        old = lines[int(row)]
        for name in TRANSCRIPTS:
            if name in old:
                new = str(rng.choice([name.split(".")[0], f"{name[:-1]}9", "NM_0" + name[4:9]]))
                lines[int(row)] = old.replace(name, new)
        for name in SAMPLES:
            if lines[int(row)].startswith(name):
                lines[int(row)] = lines[int(row)].replace(name, name.lower(), 1)
    return "".join(lines)


def _number(*values: str) -> Callable[[str, np.random.Generator], str]:
    """Another value in a random number cell."""

    def change(text: str, rng: np.random.Generator) -> str:
        lines = text.splitlines()
        mine = "\t" if "\t" in text else ","
        row = int(rng.integers(1, len(lines)))
        cells = lines[row].split(mine)
        numbers = [place for place, cell in enumerate(cells) if _is_number(cell)]
        if numbers:
            cells[int(rng.choice(numbers))] = str(rng.choice(values))
        lines[row] = mine.join(cells)
        return "\n".join(lines) + "\n"

    return change


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


_ANY: dict[str, Damage] = {
    "truncated": _truncated,
    "empty": _empty,
    "a folder in its place": _folder,
    "gone": _gone,
    "bytes changed": _noise,
}
_TEXTUAL: dict[str, Damage] = {
    "cut": _truncated_text,
    "wrong separator": _text(_separator),
    "header twice": _text(_header_twice),
    "column named twice": _text(_name_twice),
    "row twice": _text(_row_twice),
    "mixed ids": _text(_mixed_ids),
    "BOM": _text(lambda text, rng: "\ufeff" + text),
    "CRLF": _text(lambda text, rng: text.replace("\n", "\r\n")),
    "blank lines": _text(lambda text, rng: text + "\n" * int(rng.integers(1, 4))),
}
_NUMERIC: dict[str, Damage] = {
    "NaN": _text(_number("NaN", "nan", "NA", "")),
    "negative": _text(_number("-1", "-0.5", "-1e9")),
    "huge": _text(_number("1e300", "1e18", "inf", "9" * 400)),
    "words": _text(_number("lots", "1,5", "0x10", "1.2.3")),
}


def damages(role: str, path: Path) -> dict[str, Damage]:
    """What can happen to a file of a role; bytes are only changed where that can be told."""
    textual = not path.name.endswith((".parquet", ".xlsx", ".h5", ".h5ad"))
    found = dict(_ANY)
    if textual:
        # another letter in a name or a number is another table
        found = {name: one for name, one in found.items() if name != "bytes changed"} | _TEXTUAL
    if path.name.endswith((".h5", ".h5ad", ".parquet")):
        # without checksums another byte of a number is another number
        found.pop("bytes changed", None)
    if path.name.endswith(".gct"):
        # one file says everything: no other could contradict its names
        found.pop("mixed ids", None)
    if textual and role != "gtf":
        found["quote not closed"] = _text(_open_quote)
    if role in ("quant", "matrix", "counts"):
        found |= _NUMERIC if textual else {}
    return found


# ---- one case


def run_case(kind: str, rng: np.random.Generator, folder: Path, tally: Tally) -> None:
    """Damage one file of one way to import, and judge what comes of it."""
    make = cases(folder)[kind]
    whole, place = folder / "whole", folder / "damaged"
    for path in (whole, place):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
    expected = _EXPECTED.get(kind)
    if expected is None:
        expected = _EXPECTED[kind] = _outcome_of(make(whole).run, folder / "out")[0]
    case = make(place)
    role = str(rng.choice(list(case.files)))
    path = case.files[role][int(rng.integers(len(case.files[role])))]
    possible = damages(role, path)
    name = str(rng.choice(list(possible)))
    possible[name](path, rng)
    target = folder / "out"
    try:
        found, made = _outcome_of(case.run, target)
    except IsographError as error:
        left = target.exists()
        told = "something was written" if left else ""
        tally.add(kind, role, name, WRONG if left or not str(error) else REFUSED, told)
        return
    except Exception as error:  # whatever escapes is what is looked for
        tally.add(kind, role, name, WRONG, f"{type(error).__name__}: {error}")
        return
    if found == expected:
        tally.add(kind, role, name, SAME, "")
    elif _is_named(made, role, name):
        tally.add(kind, role, name, NAMED, "")
    else:
        kept = folder.parent / f"kept-{len(tally.wrong)}-{path.name}"
        if path.is_file():
            shutil.copy(path, kept)
        tally.add(kind, role, name, WRONG, f"another bundle ({kept})")


_EXPECTED: dict[str, str] = {}


def _outcome_of(run: Callable[[], Imported], target: Path) -> tuple[str, Imported]:
    shutil.rmtree(target, ignore_errors=True)
    made = run()
    save_bundle(made.bundle, target, files=made.files)
    return load_bundle(target).content_hash, made


def _is_named(made: Imported, role: str, damage: str) -> bool:
    """Whether counts and all genes that are told are right, and what was lost is in the report."""
    of_map, of_table = role in ("map", "gtf", "transcripts"), role in ("matrix", "counts")
    shorter = of_table and damage in ("cut", "truncated")
    if not of_map and not shorter and not (of_table and damage == "mixed ids"):
        return False
    table, counts = made.bundle.tables["transcript"], made.bundle.matrices["transcript_counts"]
    n = len(table) if shorter else len(GENES)
    if list(made.bundle.sample_ids) != list(SAMPLES) or not np.array_equal(counts, COUNTS[:n]):
        return False
    other = table["gene_id"].to_numpy() != np.array(GENES[:n], dtype=object)
    missing = sum(one["n"] for one in made.report.findings if one["kind"] == "not_quantified")
    # plain tables tell of rows without values in a note
    told = missing or any(str(len(GENES) - n) in note for note in made.report.notes)
    return set(table.loc[other, "transcript_id"]) == set(made.report.without_gene) and (
        n == len(GENES) or bool(told)
    )


def fuzz(n_cases: int, *, seed: Sequence[int], kinds: Sequence[str] | None = None) -> Tally:
    """Run cases one after the other, kinds in turn.

    Args:
        n_cases: how many.
        seed: of the damage.
        kinds: names of `cases`; all if None.
    """
    tally = Tally()
    with tempfile.TemporaryDirectory() as place:
        names = list(cases(Path(place))) if kinds is None else list(kinds)
        for number in range(n_cases):
            rng = np.random.default_rng([*seed, number])
            run_case(names[number % len(names)], rng, Path(place) / "work", tally)
    return tally
