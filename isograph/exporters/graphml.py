"""The network as GraphML: for Cytoscape, Gephi, igraph, yEd."""

from __future__ import annotations

from collections.abc import Hashable
from io import BytesIO
from typing import Any

import networkx as nx
import pandas as pd


def to_graphml(nodes: pd.DataFrame, edges: pd.DataFrame) -> bytes:
    """An undirected graph with every column as an attribute; missing values are left out.

    Args:
        nodes: of `isograph.exporters.network.node_table`.
        edges: of `isograph.exporters.network.edge_table`.
    """
    graph = nx.Graph()
    graph.add_nodes_from(
        (str(row.pop("gene_id")), _known(row)) for row in nodes.to_dict(orient="records")
    )
    graph.add_edges_from(
        (str(row.pop("source")), str(row.pop("target")), _known(row))
        for row in edges.to_dict(orient="records")
    )
    written = BytesIO()
    nx.write_graphml_xml(graph, written, named_key_ids=True)
    return written.getvalue()


def _known(row: dict[Hashable, Any]) -> dict[Hashable, Any]:
    return {name: value for name, value in row.items() if value is not None and value == value}
