"""A fit for other tools."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import pandas as pd
import pytest

from isograph.cli import main as cli
from isograph.errors import OutputError
from isograph.exporters import FORMATS, export_fit
from isograph.exporters.gmt import to_gmt
from isograph.exporters.network import edge_table, node_table
from isograph.results import write_fit
from isograph.results.model import Fit


def test_nodes_are_all_genes_of_modules_and_edges(realistic_fit: Fit) -> None:
    nodes = node_table(realistic_fit).set_index("gene_id")
    edges, modules = realistic_fit.edges, realistic_fit.modules
    assert set(nodes.index) == {*modules["gene_id"], *edges["source"], *edges["target"]}
    assert nodes.index.is_monotonic_increasing
    assert nodes["degree"].sum() == 2 * len(edges)
    own = nodes.loc[modules["gene_id"], "module_id"]
    assert list(own) == list(modules["module_id"])
    assert set(nodes["module_role"]) <= {*realistic_fit.roles["module_role"], ""}


def test_module_degrees_count_edges_within_modules(realistic_fit: Fit) -> None:
    edges = edge_table(realistic_fit)
    within = edges[edges["module_id"] != ""]
    assert node_table(realistic_fit)["module_degree"].sum() == 2 * len(within)
    module = realistic_fit.modules.set_index("gene_id")["module_id"]
    assert (within["source"].map(module) == within["module_id"]).all()
    assert (within["target"].map(module) == within["module_id"]).all()


def test_edges_are_those_of_the_fit_the_strongest_first(realistic_fit: Fit) -> None:
    edges = edge_table(realistic_fit)
    assert len(edges) == len(realistic_fit.edges)
    assert edges["weight"].is_monotonic_decreasing
    assert set(edges["channels"]) <= {
        "switch–switch",
        "abundance–abundance",
        "switch–abundance",
    }


def test_graphml_comes_back_as_the_same_graph(realistic_fit: Fit, tmp_path: Path) -> None:
    export_fit(realistic_fit, tmp_path, formats=["graphml"])
    graph = nx.read_graphml(tmp_path / "network.graphml")
    nodes, edges = node_table(realistic_fit).set_index("gene_id"), edge_table(realistic_fit)
    assert set(graph.nodes) == set(nodes.index)
    assert graph.number_of_edges() == len(edges)
    first = edges.iloc[0]
    stored = graph.edges[first["source"], first["target"]]
    assert stored["weight"] == pytest.approx(first["weight"])
    assert stored["channels"] == first["channels"]
    gene = realistic_fit.modules["gene_id"].iloc[0]
    assert graph.nodes[gene]["module_id"] == nodes.at[gene, "module_id"]
    assert graph.nodes[gene]["kme"] == pytest.approx(nodes.at[gene, "kme"])


def test_gene_sets_hold_the_genes_of_modules_the_most_central_first(realistic_fit: Fit) -> None:
    lines = [line.split("\t") for line in to_gmt(realistic_fit).splitlines()]
    modules = realistic_fit.modules
    assert [line[0] for line in lines] == sorted(modules["module_id"].unique())
    for name, about, *genes in lines:
        own = modules[modules["module_id"] == name].set_index("gene_id")["kme"].abs()
        assert set(genes) == set(own.index)
        assert own[genes].is_monotonic_decreasing
        assert f"{len(own)} genes" in about


def test_names_stand_in_the_place_of_ids_in_gene_sets_and_beside_them_in_tables(
    realistic_fit: Fit,
) -> None:
    genes = realistic_fit.modules["gene_id"]
    names = {genes.iloc[0]: "TWIN", genes.iloc[1]: "TWIN", genes.iloc[2]: ""}
    text = to_gmt(realistic_fit, names=names)
    assert text.count("TWIN") <= 2
    assert genes.iloc[2] in text
    nodes = node_table(realistic_fit, names=names).set_index("gene_id")
    assert nodes.at[genes.iloc[0], "gene_name"] == "TWIN"
    assert nodes.at[genes.iloc[3], "gene_name"] == genes.iloc[3]


def test_every_table_is_a_csv(realistic_fit: Fit, tmp_path: Path) -> None:
    export_fit(realistic_fit, tmp_path, formats=["csv"])
    written = {path.stem for path in (tmp_path / "tables").iterdir()}
    assert written == set(realistic_fit.tables)
    modules = pd.read_csv(tmp_path / "tables" / "modules.csv")
    pd.testing.assert_frame_equal(modules, realistic_fit.modules, check_dtype=False)


def test_nothing_is_replaced_unasked_and_other_files_stay(
    realistic_fit: Fit, tmp_path: Path
) -> None:
    (tmp_path / "modules.gmt").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"modules\.gmt"):
        export_fit(realistic_fit, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"modules.gmt", "notes.txt"}
    export_fit(realistic_fit, tmp_path, overwrite=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert (tmp_path / "modules.gmt").read_text() != "mine"


def test_an_unknown_format_is_refused(realistic_fit: Fit, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cytoscape, graphml, gmt, csv"):
        export_fit(realistic_fit, tmp_path / "out", formats=["gexf"])
    assert not (tmp_path / "out").exists()


def test_the_same_fit_gives_the_same_bytes(realistic_fit: Fit, tmp_path: Path) -> None:
    first = export_fit(realistic_fit, tmp_path / "a")
    second = export_fit(realistic_fit, tmp_path / "b")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_the_command_writes_what_was_asked_for(
    realistic_fit: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fit(realistic_fit, tmp_path / "fit")
    words = ["export", "--fit", str(tmp_path / "fit"), "--out", str(tmp_path / "out")]
    assert cli([*words, "--to", "gmt,graphml"]) == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"modules.gmt", "network.graphml"}
    assert "2 files written" in capsys.readouterr().out
    assert cli([*words, "--to", "gmt"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert len(FORMATS) == 4


def test_options_that_do_not_go_together_are_all_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli(["export", "--to", "gmt", "--out", "x"]) == 2
    told = capsys.readouterr().err
    for option in ("--to", "--out", "--dataset-path"):
        assert option in told
