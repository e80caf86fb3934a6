"""What an nf-core/rnaseq results folder holds: quantified samples and a transcript-to-gene map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from isograph.errors import Problems

_LAYOUTS = (
    ("star_salmon", "salmon", "."),
    ("bowtie2_salmon", "salmon", "."),
    ("salmon", "salmon", "."),
    ("kallisto", "kallisto", "."),
    ("star_rsem", "rsem", "."),
    ("hisat2", "ctab", "stringtie"),
    ("star_salmon", "ctab", "stringtie"),
)
"""Folder of the aligner, kind of files in it and where, the one to prefer first.

Only a StringTie run of its own makes the last one: reads are better counted by Salmon.
"""

_MAPS = ("tx2gene.tsv", "salmon_tx2gene.tsv", "kallisto_tx2gene.tsv", "salmon.merged.tx2gene.tsv")
_SAMPLE_FILES = {
    "salmon": "*/quant.sf*",
    "kallisto": "*/abundance.*",
    "rsem": "*.isoforms.results*",
    "ctab": "*/t_data.ctab*",
}


@dataclass(frozen=True)
class Results:
    """One set of quantified samples of a pipeline run.

    Attributes:
        aligner: name of its folder.
        kind: of the files.
        folder: that holds the samples.
        tx2gene: the pipeline's own map, where it wrote one.
        n_samples: files found.
    """

    aligner: str
    kind: str
    folder: Path
    tx2gene: Path | None
    n_samples: int


def find_results(folder: Path) -> list[Results]:
    """All sets of quantified samples of a results folder, the one to prefer first.

    Layouts of nf-core/rnaseq 3.0 and later.
    """
    found = []
    for aligner, kind, inside in _LAYOUTS:
        place = Path(folder) / aligner / inside
        # a link to a folder elsewhere is what work folders are made of: files are found through it
        n = len(list(place.glob(_SAMPLE_FILES[kind]))) if place.is_dir() else 0
        if n:
            maps = (Path(folder) / aligner / name for name in _MAPS)
            tx2gene = next((path for path in maps if path.is_file()), None)
            found.append(Results(aligner, kind, place.resolve(), tx2gene, n))
    return found


def is_results(folder: Path) -> bool:
    """Whether a folder is a pipeline's: others too call their folders `salmon` or `kallisto`."""
    named = (Path(folder) / name for name in ("pipeline_info", "multiqc"))
    return any(path.is_dir() for path in named) or any(
        one.tx2gene is not None for one in find_results(folder)
    )


def choose_results(
    folder: Path, problems: Problems, *, aligner: str | None = None
) -> Results | None:
    """The set that a user names, or the preferred one; None, with the reason noted, if none."""
    found = find_results(folder)
    chosen = next((one for one in found if aligner in (None, one.aligner)), None)
    if chosen is not None:
        return chosen
    looked = ", ".join(dict.fromkeys(name for name, _, _ in _LAYOUTS))
    if found:
        there = ", ".join(dict.fromkeys(one.aligner for one in found))
        problems.add("--aligner", f"the run has no {aligner}", fix=f"one of {there}")
    else:
        problems.add(
            str(folder),
            f"no quantified samples in any of {looked}",
            fix="name the folder that nf-core/rnaseq got as --outdir",
        )
    return None
