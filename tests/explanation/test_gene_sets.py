"""Gene sets of the user's own."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from isograph.errors import OutputError
from isograph.explanation.gene_sets import gene_set_table, match_gene_sets, read_gene_sets
from isograph.explanation.source import Source


def write_gmt(path: Path, sets: dict[str, list[str]]) -> Path:
    lines = ["\t".join([name, "about it", *genes]) for name, genes in sets.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def gmt(tmp_path: Path, toy_source: Source) -> Path:
    genes = toy_source.features.gene_ids.tolist()
    planted = toy_source.profiles["M000"].genes.tolist()
    return write_gmt(
        tmp_path / "sets.gmt",
        {
            "planted": [*planted[:8], "UNKNOWN"],
            "mixed": [*planted[:3], *genes[:9]],
            "few": planted[:2],
        },
    )


def test_overlap_is_tested_as_fisher_does(toy_source: Source, gmt: Path) -> None:
    tested = match_gene_sets(toy_source, read_gene_sets(gmt))
    profile = toy_source.profiles["M000"]
    table = gene_set_table(toy_source, profile, tested).to_pandas().set_index("set")
    background, module = set(toy_source.features.gene_ids), set(profile.genes)
    for name, row in zip(tested.names, tested.members, strict=True):
        own = set(toy_source.features.gene_ids[row])
        counts = [
            [len(own & module), len(own - module)],
            [len(module - own), len(background - own - module)],
        ]
        expected = stats.fisher_exact(counts, alternative="greater")
        assert table.loc[name, "pvalue"] == pytest.approx(expected.pvalue)
        if np.isfinite(expected.statistic):
            assert table.loc[name, "odds_ratio"] == pytest.approx(expected.statistic)
        assert table.loc[name, "n_overlap"] == len(own & module)
        assert set(table.loc[name, "genes"].split(", ")) == own & module


def test_background_are_the_expressed_genes(toy_source: Source, gmt: Path) -> None:
    table = gene_set_table(
        toy_source, toy_source.profiles["M000"], match_gene_sets(toy_source, read_gene_sets(gmt))
    ).to_pandas()
    assert set(table["n_background"]) == {len(toy_source.features.gene_ids)}


def test_sets_of_other_sizes_are_left_out_and_counted(toy_source: Source, gmt: Path) -> None:
    tested = match_gene_sets(toy_source, read_gene_sets(gmt))
    assert tested.names.tolist() == ["planted", "mixed"]
    assert tested.record["n_sets_of_file"] == 3
    assert tested.record["n_sets_tested"] == 2


def test_genes_are_found_by_name_and_without_version(toy_source: Source, tmp_path: Path) -> None:
    tables = dict(toy_source.bundle.tables)
    tables["gene"] = tables["gene"].assign(gene_name=tables["gene"]["gene_id"].str.lower() + "x")
    source = replace(toy_source, bundle=replace(toy_source.bundle, tables=tables))
    named = [f"{gene.lower()}x" for gene in source.profiles["M000"].genes[:6]]
    tested = match_gene_sets(source, read_gene_sets(write_gmt(tmp_path / "a.gmt", {"a": named})))
    assert tested.record["matched_by"] == "gene_name"
    assert tested.members.sum() == 6


def test_gzip_and_windows_lines_are_read(tmp_path: Path, toy_source: Source) -> None:
    genes = "\t".join(toy_source.features.gene_ids[:6])
    path = tmp_path / "sets.gmt.gz"
    path.write_bytes(gzip.compress(f"\ufeffa\tx\t{genes}\r\nb\tx\t{genes}\r\n".encode()))
    sets = read_gene_sets(path)
    assert sets.names.tolist() == ["a", "b"]
    assert sets.gene_of[-1] == toy_source.features.gene_ids[5]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no set"),
        ("a\tonly a description\n", "sets without genes"),
        ("a\tx\tG1\na\tx\tG2\n", "sets of the same name"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "bad.gmt"
    path.write_text(text)
    with pytest.raises(OutputError, match=told):
        read_gene_sets(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is not there"):
        read_gene_sets(tmp_path / "none.gmt")


def test_other_ids_are_refused_with_examples_of_both(tmp_path: Path, toy_source: Source) -> None:
    sets = read_gene_sets(write_gmt(tmp_path / "a.gmt", {"a": ["TP53", "MYC", "EGFR"]}))
    with pytest.raises(OutputError, match=r"0 of its 3 genes.*EGFR.*G00001"):
        match_gene_sets(toy_source, sets)
