"""What the real tools write of simulated reads, read by the importers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from isograph.errors import Problems
from isograph.importers.quantifiers import Quantified, read_quantified
from tests.importers.quantifiers.simulated import (
    READ_LENGTH,
    Simulated,
    genome_sam,
    simulate,
    transcript_sam,
)


def tool(name: str) -> str:
    """A program's path; skips the test where it is not installed."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def call(*words: str | Path, cwd: Path) -> None:
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words[0]}: {done.stdout[-1500:]}{done.stderr[-1500:]}"


def read(folder: Path, kind: str, read_length: float | None = None) -> Quantified:
    problems = Problems()
    found = read_quantified(folder, kind=kind, problems=problems, read_length=read_length)
    assert found is not None, [str(problem) for problem in problems.found]
    return found


def assert_near_truth(
    found: Quantified, made: Simulated, *, reads_a_pair: int = 1, least: float = 0.97
) -> None:
    """Genes to a few per cent, transcripts by correlation: isoforms share most of their bases."""
    assert list(found.sample_ids) == list(made.samples)
    names = [one.name for one in made.transcripts]
    assert sorted(found.transcript_ids) == sorted(names)
    counts = pd.DataFrame(found.counts / reads_a_pair, index=found.transcript_ids).loc[names]
    truth = pd.DataFrame(made.truth, index=names)
    genes, true_genes = (_of_genes(frame, made) for frame in (counts, truth))
    assert np.abs(genes - true_genes).sum() / true_genes.sum() < 0.03
    for column in range(truth.shape[1]):
        assert np.corrcoef(counts[column], truth[column])[0, 1] > least


def _of_genes(frame: pd.DataFrame, made: Simulated) -> npt.NDArray[np.float64]:
    sums: npt.NDArray[np.float64] = frame.groupby(made.genes).sum().to_numpy(dtype=np.float64)
    return sums


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate(tmp_path_factory.mktemp("simulated"))


@pytest.fixture(scope="module")
def kallisto(made: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    program, folder = tool("kallisto"), tmp_path_factory.mktemp("kallisto")
    call(program, "index", "-i", folder / "index", made.fasta, cwd=folder)
    for sample in made.samples:
        out = folder / "quants" / sample
        out.parent.mkdir(exist_ok=True)
        call(program, "quant", "-i", folder / "index", "-o", out, *made.reads(sample), cwd=folder)
    return folder / "quants"


def test_kallisto_tables_are_near_the_truth(made: Simulated, kallisto: Path) -> None:
    found = read(kallisto, "kallisto")

    assert_near_truth(found, made)
    assert {path.name for _, path in found.sources} == {"abundance.tsv"}
    assert found.n_processed is not None
    assert (found.n_processed == made.truth.sum(axis=0)).all()
    assert (found.counts.sum(axis=0) <= found.n_processed * 1.001).all()


def test_kallisto_h5_says_what_its_table_says(kallisto: Path, tmp_path: Path) -> None:
    pytest.importorskip("h5py", reason="h5py is not installed")
    if not list(kallisto.glob("*/abundance.h5")):
        pytest.skip("this kallisto writes no .h5")
    for path in kallisto.glob("*/abundance.h5"):
        (tmp_path / path.parent.name).mkdir()
        shutil.copy(path, tmp_path / path.parent.name)
        shutil.copy(path.parent / "run_info.json", tmp_path / path.parent.name)

    binary, table = read(tmp_path, "kallisto"), read(kallisto, "kallisto")

    assert {path.name for _, path in binary.sources} == {"abundance.h5"}
    assert list(binary.transcript_ids) == list(table.transcript_ids)
    np.testing.assert_allclose(binary.counts, table.counts, rtol=1e-4, atol=1e-4)
    assert binary.effective_lengths is not None
    assert table.effective_lengths is not None
    np.testing.assert_allclose(binary.effective_lengths, table.effective_lengths, rtol=1e-4)
    np.testing.assert_array_equal(binary.lengths, table.lengths)
    np.testing.assert_array_equal(binary.n_processed, table.n_processed)


def test_salmon_is_near_the_truth(made: Simulated, tmp_path: Path) -> None:
    program = tool("salmon")
    call(program, "index", "-t", made.fasta, "-i", "index", "-p", "1", cwd=tmp_path)
    for sample in made.samples:
        one, two = made.reads(sample)
        own = ("-l", "A", "-1", one, "-2", two, "-p", "1", "-o", f"quants/{sample}")
        call(program, "quant", "-i", "index", *own, cwd=tmp_path)

    found = read(tmp_path / "quants", "salmon")

    assert_near_truth(found, made)
    assert found.n_processed is not None
    assert (found.n_processed == made.truth.sum(axis=0)).all()
    assert found.effective_lengths is not None
    assert (found.effective_lengths > 0).all()


def test_rsem_is_near_the_truth_and_knows_genes(made: Simulated, tmp_path: Path) -> None:
    prepare, program = tool("rsem-prepare-reference"), tool("rsem-calculate-expression")
    call(prepare, "--gtf", made.gtf, made.genome, "reference", cwd=tmp_path)
    (tmp_path / "out").mkdir()
    for sample in made.samples:
        sam = transcript_sam(made, sample)
        own = ("--alignments", "--paired-end", "--no-bam-output", sam, "reference")
        call(program, *own, f"out/{sample}", cwd=tmp_path)

    found = read(tmp_path / "out", "rsem")

    assert_near_truth(found, made)
    gene_of = {one.name: one.gene for one in made.transcripts}
    assert found.gene_ids is not None
    assert list(found.gene_ids) == [gene_of[name] for name in found.transcript_ids]


@pytest.fixture(scope="module")
def stringtie(made: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    program, folder = tool("stringtie"), tmp_path_factory.mktemp("stringtie")
    for sample in made.samples:
        out = folder / sample
        out.mkdir()
        sam = genome_sam(made, sample)
        call(program, sam, "-e", "-B", "-G", made.gtf, "-o", out / f"{sample}.gtf", cwd=folder)
    return folder


def test_stringtie_tables_are_near_the_truth(made: Simulated, stringtie: Path) -> None:
    found = read(stringtie, "ctab", read_length=READ_LENGTH)

    # coverage counts reads, the truth pairs; flow networks tell isoforms less well than EM does
    assert_near_truth(found, made, reads_a_pair=2, least=0.8)
    gene_of = {one.name: one.gene for one in made.transcripts}
    assert found.gene_ids is not None
    assert list(found.gene_ids) == [gene_of[name] for name in found.transcript_ids]


def test_prepde_matrix_is_what_the_tables_hold(stringtie: Path, tmp_path: Path) -> None:
    program = tool("prepDE.py3") if shutil.which("prepDE.py3") else tool("prepDE.py")
    call(program, "-i", stringtie, "-l", str(READ_LENGTH), cwd=tmp_path)

    found = read(tmp_path, "prepde")
    tables = read(stringtie, "ctab", read_length=READ_LENGTH)

    frame = pd.DataFrame(found.counts, found.transcript_ids, found.sample_ids)
    other = pd.DataFrame(tables.counts, tables.transcript_ids, tables.sample_ids)
    # prepDE rounds every count up
    difference = frame - other.loc[frame.index, frame.columns]
    assert (difference > -1e-3).all().all()
    assert (difference < 1.001).all().all()
