"""All pictures of one module or programme."""

from __future__ import annotations

import pandas as pd

from isograph.annotation.model import Annotation
from isograph.explanation.pictures.drivers import drivers_figure
from isograph.explanation.pictures.eigengene_traits import eigengene_traits_figure
from isograph.explanation.pictures.frame import Picture
from isograph.explanation.pictures.gene_structure import gene_structure_figure
from isograph.explanation.pictures.heatmap import heatmap_figure
from isograph.explanation.pictures.network import network_figure
from isograph.explanation.pictures.usage import clear_switches, usage_figure
from isograph.explanation.source import Profile, Source
from isograph.explanation.usage import TranscriptUsage

STRUCTURES = 3


def draw_profile(
    source: Source,
    profile: Profile,
    *,
    drivers: pd.DataFrame,
    polarity: pd.DataFrame,
    usage: TranscriptUsage | None = None,
    annotation: Annotation | None = None,
    structures: int = STRUCTURES,
) -> dict[str, Picture]:
    """Every picture that a module or programme has, by file stem, in the order to show them.

    `drivers`, `usage`, `heatmap`, `eigengene_traits`, `network`, and with an annotation
    `gene_structure_1`, … of the genes with the clearest switches. What there is nothing to show
    of is left out.

    Args:
        source: fit and data.
        profile: module or programme.
        drivers, polarity: as `explanation.schema` has them.
        usage: of the genes in `polarity`; what is needed is read from the data set if None.
        annotation: where exons lie.
        structures: how many genes' exons are drawn, at most.
    """
    drawn = {
        "drivers": drivers_figure(drivers, profile=profile, names=source.gene_names),
        "usage": usage_figure(source, profile, drivers=drivers, polarity=polarity, usage=usage),
        "heatmap": heatmap_figure(source, profile, drivers=drivers),
        "eigengene_traits": eigengene_traits_figure(source, profile),
        "network": network_figure(source, profile),
    }
    found = {name: picture for name, picture in drawn.items() if picture is not None}
    if annotation is not None:
        found |= _structures(source, profile, polarity, annotation, structures)
    return found


def _structures(
    source: Source, profile: Profile, polarity: pd.DataFrame, annotation: Annotation, most: int
) -> dict[str, Picture]:
    """Of the clearest switches of which the annotation knows both transcripts."""
    switches = clear_switches(polarity)
    both = [
        annotation.rows_of(switches[column].to_numpy(dtype=str)) >= 0
        for column in ("transcript_up", "transcript_down")
    ]
    genes = switches.loc[both[0] & both[1], "gene_id"].head(most)
    drawn = [
        gene_structure_figure(
            annotation, gene, profile=profile, polarity=polarity, names=source.gene_names
        )
        for gene in genes
    ]
    pictures = [picture for picture in drawn if picture is not None]
    return {f"gene_structure_{number}": one for number, one in enumerate(pictures, start=1)}
