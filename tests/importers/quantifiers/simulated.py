"""A small transcriptome and reads of it with known origin, for runs of the real tools."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

READ_LENGTH = 75
_EXON, _INTRON, _GAP, _N_EXONS = 300, 250, 400, 4
_SPAN = _N_EXONS * _EXON + (_N_EXONS - 1) * _INTRON
_ISOFORMS = ((0, 1, 2, 3), (0, 2, 3), (0, 1, 3))
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


@dataclass(frozen=True)
class Transcript:
    """Its name, its gene, where its exons begin on the chromosome (from 0), and its bases."""

    name: str
    gene: str
    starts: tuple[int, ...]
    bases: str


@dataclass(frozen=True)
class Pair:
    """One fragment: where it comes from, from 0, in bases of its transcript."""

    name: str
    transcript: int
    start: int
    end: int


@dataclass(frozen=True)
class Simulated:
    """Files of a small study; `truth` is pairs of every transcript (rows) and sample."""

    folder: Path
    chromosome: str
    transcripts: list[Transcript]
    samples: dict[str, list[Pair]]
    truth: npt.NDArray[np.int64]

    @property
    def genes(self) -> npt.NDArray[np.object_]:
        return np.array([one.gene for one in self.transcripts], dtype=object)

    @property
    def gtf(self) -> Path:
        return self.folder / "genes.gtf"

    @property
    def fasta(self) -> Path:
        return self.folder / "transcripts.fa"

    @property
    def genome(self) -> Path:
        return self.folder / "genome.fa"

    def reads(self, sample: str) -> list[str]:
        return [str(self.folder / f"{sample}_{mate}.fq") for mate in (1, 2)]


def simulate(
    folder: Path, *, n_genes: int = 30, n_pairs: int = 3000, n_samples: int = 3
) -> Simulated:
    """Genes of two or three isoforms on one chromosome, all on its plus strand, and error-free
    reads of them."""
    rng = np.random.default_rng(7)
    chromosome = "".join(rng.choice(list("ACGT"), _GAP + n_genes * (_SPAN + _GAP)))
    transcripts = []
    for gene in range(n_genes):
        begin = _GAP + gene * (_SPAN + _GAP)
        for number, exons in enumerate(_ISOFORMS[: 2 + gene % 2]):
            starts = tuple(begin + exon * (_EXON + _INTRON) for exon in exons)
            bases = "".join(chromosome[start : start + _EXON] for start in starts)
            transcripts.append(Transcript(f"T{gene:02d}{number}.1", f"G{gene:02d}", starts, bases))
    lengths = np.array([len(one.bases) for one in transcripts])
    level = rng.lognormal(0, 1, n_genes)[[int(one.gene[1:]) for one in transcripts]]
    samples, truth = {}, np.zeros((len(transcripts), n_samples), dtype=np.int64)
    for column in range(n_samples):
        weight = level * rng.gamma(1.0, 1.0, len(transcripts)) * (lengths - 200)
        truth[:, column] = rng.multinomial(n_pairs, weight / weight.sum())
        origin = rng.permutation(np.repeat(np.arange(len(transcripts)), truth[:, column]))
        size = np.clip(rng.normal(200, 20, n_pairs).astype(int), 120, 280)
        start = rng.integers(0, lengths[origin] - size + 1)
        samples[f"S{column + 1}"] = [
            Pair(f"r{row}", int(origin[row]), int(start[row]), int(start[row] + size[row]))
            for row in range(n_pairs)
        ]
    made = Simulated(folder, chromosome, transcripts, samples, truth)
    _write(made)
    return made


def _write(made: Simulated) -> None:
    made.genome.write_text(f">chr1\n{made.chromosome}\n")
    made.fasta.write_text("".join(f">{one.name}\n{one.bases}\n" for one in made.transcripts))
    lines = []
    for one in made.transcripts:
        about = f'gene_id "{one.gene}"; transcript_id "{one.name}";'
        first, last = one.starts[0] + 1, one.starts[-1] + _EXON
        lines.append(f"chr1\tx\ttranscript\t{first}\t{last}\t.\t+\t.\t{about}\n")
        lines.extend(
            f"chr1\tx\texon\t{start + 1}\t{start + _EXON}\t.\t+\t.\t{about}\n"
            for start in one.starts
        )
    made.gtf.write_text("".join(lines))
    for sample, pairs in made.samples.items():
        for mate, path in enumerate(made.reads(sample)):
            rows = (
                f"@{p.name}/{mate + 1}\n{_mates(made, p)[mate]}\n+\n{_quality()}\n" for p in pairs
            )
            Path(path).write_text("".join(rows))


def _mates(made: Simulated, pair: Pair) -> tuple[str, str]:
    """Bases of both reads as they come from the machine."""
    bases = made.transcripts[pair.transcript].bases[pair.start : pair.end]
    return bases[:READ_LENGTH], bases[-READ_LENGTH:].translate(_COMPLEMENT)[::-1]


def _quality() -> str:
    return "I" * READ_LENGTH


def _sam_pair(
    pair: Pair, places: tuple[int, int], cigars: tuple[str, str], where: str, bases: str, more: str
) -> list[str]:
    """Two SAM lines; reads stand as they lie on the reference."""
    size = pair.end - pair.start
    reads = bases[:READ_LENGTH], bases[-READ_LENGTH:]
    lines = []
    for mate, (flag, length) in enumerate(((99, size), (147, -size))):
        cells = (pair.name, flag, where, places[mate] + 1, 255, cigars[mate], "=")
        cells += (places[1 - mate] + 1, length, reads[mate], _quality())  # type: ignore[assignment]
        lines.append("\t".join(map(str, cells)) + f"\t{more}\n")
    return lines


def transcript_sam(made: Simulated, sample: str) -> Path:
    """Every place of every pair in transcripts of its gene, as RSEM wants it."""
    header = [f"@SQ\tSN:{one.name}\tLN:{len(one.bases)}\n" for one in made.transcripts]
    lines = ["@HD\tVN:1.4\tSO:unsorted\n", *header]
    of_gene = {
        gene: list(group) for gene, group in itertools.groupby(made.transcripts, lambda t: t.gene)
    }
    whole = f"{READ_LENGTH}M"
    for pair in made.samples[sample]:
        own = made.transcripts[pair.transcript]
        bases = own.bases[pair.start : pair.end]
        for other in of_gene[own.gene]:
            first = other.bases.find(bases[:READ_LENGTH])
            second = other.bases.find(bases[-READ_LENGTH:])
            if first < 0 or second < first:
                continue
            size = second + READ_LENGTH - first
            moved = Pair(pair.name, pair.transcript, 0, size)
            lines += _sam_pair(moved, (first, second), (whole, whole), other.name, bases, "NM:i:0")
    path = made.folder / f"{sample}.transcripts.sam"
    path.write_text("".join(lines))
    return path


def genome_sam(made: Simulated, sample: str) -> Path:
    """Every pair where it lies on the chromosome, spliced, sorted by place."""
    rows: list[tuple[int, str]] = []
    for pair in made.samples[sample]:
        own = made.transcripts[pair.transcript]
        spots = [_on_chromosome(own, pair.start), _on_chromosome(own, pair.end - READ_LENGTH)]
        places, cigars = (spots[0][0], spots[1][0]), (spots[0][1], spots[1][1])
        bases = own.bases[pair.start : pair.end]
        lines = _sam_pair(pair, places, cigars, "chr1", bases, "NM:i:0\tXS:A:+\tNH:i:1")
        rows += zip(places, lines, strict=True)
    rows.sort(key=lambda row: row[0])
    header = f"@HD\tVN:1.4\tSO:coordinate\n@SQ\tSN:chr1\tLN:{len(made.chromosome)}\n"
    path = made.folder / f"{sample}.genome.sam"
    path.write_text(header + "".join(line for _, line in rows))
    return path


def _on_chromosome(one: Transcript, start: int) -> tuple[int, str]:
    """Place and CIGAR of a read that begins at a base of a transcript."""
    exon, within = divmod(start, _EXON)
    place = one.starts[exon] + within
    here = min(READ_LENGTH, _EXON - within)
    if here == READ_LENGTH:
        return place, f"{here}M"
    skipped = one.starts[exon + 1] - (one.starts[exon] + _EXON)
    return place, f"{here}M{skipped}N{READ_LENGTH - here}M"
