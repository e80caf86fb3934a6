"""Sequences of transcripts, read or spliced."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from isograph.annotation.fasta import fasta_text, spliced_sequences, transcript_sequences
from isograph.annotation.gtf import read_gtf
from isograph.errors import ImportDataError
from tests.annotation.making import FAR, saved, transcript


def test_headers_of_gencode_are_found_without_version(tmp_path: Path) -> None:
    path = tmp_path / "t.fa"
    path.write_bytes(gzip.compress(b">T1.3|G.1|x\nACG\nTT\n>T2.1|G.1\nA\n"))
    assert transcript_sequences(path, np.array(["T1", "T9"])) == {"T1": b"ACGTT"}


def test_minus_strand_is_spliced_and_turned(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    genome = bytes(rng.choice(np.frombuffer(b"ACGT", dtype=np.uint8), FAR - 1))
    path = tmp_path / "g.fa"
    path.write_text(fasta_text([("chr2 other", b"A"), ("1 the one", genome)]))
    exons = [(11, 40), (101, 130)]
    text = transcript("P", exons) + transcript("M", exons, strand="-")
    found = spliced_sequences(path, read_gtf(saved(tmp_path, text)), np.array(["P", "M"]))
    assert found["P"] == genome[10:40] + genome[100:130]
    turned = genome.translate(bytes.maketrans(b"ACGT", b"TGCA"))[::-1]
    assert found["M"] == turned[10:40] + turned[100:130]


def test_a_genome_too_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.fa"
    path.write_text(">chr1\nACGT\n")
    found = read_gtf(saved(tmp_path, transcript("P", [(1, 9)])))
    with pytest.raises(ImportDataError, match="before the exons of"):
        spliced_sequences(path, found, np.array(["P"]))
