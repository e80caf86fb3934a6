"""`isograph annotate-structure`"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from isograph.cli.parser import main
from isograph.explanation.structure.schema import STRUCTURE
from tests.annotation.making import saved, transcript


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """The command on two pairs, one of them absent from the annotation."""
    text = transcript("A", [(1, 100), (201, 300), (401, 500)])
    text += transcript("B", [(1, 100), (401, 500)])
    gtf = saved(tmp_path, text)
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("gene_id\ttranscript_id_1\ttranscript_id_2\nG\tA\tB\nG\tA\tX\n")
    return [
        "annotate-structure",
        *("--gtf", str(gtf)),
        *("--pairs", str(pairs)),
        *("--cache-dir", str(tmp_path / "cache")),
    ]


def test_labels_are_written_beside_the_pairs(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    table = pq.read_table(tmp_path / "structure.parquet")
    assert table.schema.equals(STRUCTURE)
    assert table["event_types"].to_pylist() == ["exon_skipping", None]
    assert "does not have: X" in capsys.readouterr().out


def test_the_same_run_gives_the_same_bytes(tmp_path: Path, words: list[str]) -> None:
    outputs = [tmp_path / f"{k}.parquet" for k in (1, 2)]
    for output in outputs:
        assert main([*words, "--quiet", "--output", str(output)]) == 0
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_sequences_name_gene_and_role(tmp_path: Path, words: list[str]) -> None:
    genome = tmp_path / "g.fa"
    genome.write_text(">1\n" + "ACGT" * 200 + "\n")
    assert main([*words, "--quiet", "--genome-fasta", str(genome)]) == 0
    text = (tmp_path / "structure.fa").read_text()
    heads = [row for row in text.splitlines() if row.startswith(">")]
    assert heads == [">A gene=G role=falls", ">B gene=G role=rises"]


def test_pairs_come_from_an_explain_folder(tmp_path: Path, words: list[str]) -> None:
    module = tmp_path / "explain" / "M000"
    module.mkdir(parents=True)
    pd.DataFrame({"gene_id": ["G"], "in_module": [True]}).to_parquet(
        module / "gene_driver_table.parquet"
    )
    pd.DataFrame(
        {
            "gene_id": ["G", "G"],
            "transcript_id": ["A", "B"],
            "qvalue": [0.01, 0.01],
            "usage_low": [0.2, 0.8],
            "usage_high": [0.8, 0.2],
            "usage_shift": [0.6, -0.6],
        }
    ).to_parquet(module / "transcript_polarity_table.parquet")
    start = words.index("--pairs")
    words[start : start + 2] = ["--explain-dir", str(module.parent)]
    assert main([*words, "--quiet"]) == 0
    row = pq.read_table(module.parent / "structure.parquet").to_pylist()[0]
    assert (row["transcript_id_1"], row["transcript_id_2"]) == ("B", "A")
    assert row["module_id"] == "M000"


def test_missing_columns_are_refused(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pairs.tsv").write_text("gene_id\ttranscript_id_1\nG\tA\n")
    assert main(words) == 2
    assert "transcript_id_2" in capsys.readouterr().err
