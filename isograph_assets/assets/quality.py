"""Quality control: what to know of a cohort before its fits are believed."""

import dagster as dg
import pandas as pd

from isograph.bundle import Bundle
from isograph.plots import to_png
from isograph.progress import Steps
from isograph.quality import Quality, assess_quality
from isograph.quality.folder import flag_counts
from isograph.quality.pictures import draw_quality
from isograph_assets.measure import Cost
from isograph_assets.metadata import (
    CODE_VERSION,
    Metadata,
    cost_metadata,
    log_steps,
    markdown_table,
    picture,
    refusals,
    short,
    tables_metadata,
)
from isograph_assets.partitions import DatasetKind
from isograph_assets.pictures import SMALL_DPI
from isograph_assets.policies import RETRIES
from isograph_assets.stages import OWNERS, stage_tags
from isograph_assets.studies import study_of

_MOST_ROWS = 30
_PICTURE = "samples"


def build_quality_asset(kind: DatasetKind) -> dg.AssetsDefinition:
    """Quality control of each data set of a kind."""

    @dg.asset(
        key=kind.key("quality"),
        description=(
            "Samples that stand out, copies, sex, components, and sample columns that cannot be "
            "told apart. Nothing is dropped for it. One folder, the same as `isograph qc` writes; "
            "open its qc.html."
        ),
        group_name=kind.group,
        partitions_def=kind.datasets,
        ins={"bundle": dg.AssetIn(key=kind.key("bundle"))},
        io_manager_key="quality",
        kinds={"parquet", "html"},
        owners=OWNERS,
        tags=stage_tags("report"),
        retry_policy=RETRIES,
        code_version=CODE_VERSION,
    )
    def quality(context: dg.AssetExecutionContext, bundle: Bundle) -> dg.Output[Quality]:
        steps = Steps()
        with refusals(), Cost() as cost:
            study = study_of(bundle, context.partition_key)
            found = assess_quality(bundle, study=study, steps=steps)
            about = _about(found)
        log_steps(context, steps)
        return dg.Output(
            found,
            metadata=about | cost_metadata(cost) | {"content hash": short(found.result_hash)},
            data_version=dg.DataVersion(found.result_hash),
        )

    return quality


def _about(found: Quality) -> Metadata:
    """Counts of flags by check, warnings, a picture, and every table's schema."""
    about: Metadata = {
        "samples": len(found.samples),
        "flagged samples": len(found.flagged),
        "warnings": len(found.warnings),
    }
    about |= {f"flags: {check.replace('_', ' ')}": n for check, n in flag_counts(found).items()}
    if found.warnings:
        about["what is wrong with the sample columns"] = dg.MetadataValue.md(
            "\n".join(f"- {_plain(text)}" for text in found.warnings)
        )
    if found.flags:
        rows = pd.DataFrame(
            [(flag.sample_id, str(flag.check), flag.reason) for flag in found.flags],
            columns=["sample", "looked at for", "why"],
        )
        about["flags"] = dg.MetadataValue.md(markdown_table(rows, rows=_MOST_ROWS))
    drawn = draw_quality(found).get(_PICTURE)
    if drawn is not None:
        png = to_png(drawn.figure, dpi=SMALL_DPI)
        about["picture"] = picture(png, alt="library size, genes, correlation and distance")
    return about | tables_metadata(found.tables, main="sample_quality")


def _plain(text: str) -> str:
    """Names of columns are the user's: no markup of theirs is followed."""
    for sign in ("\\", "`", "*", "_", "[", "]", "<", ">", "|"):
        text = text.replace(sign, f"\\{sign}")
    return text
