"""What the UI shows of a materialization: sizes, schemas, previews, cost."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from isograph.errors import IsographError
from isograph.files import hash_table
from isograph.progress import Steps
from isograph.provenance import git_state, package_versions, version
from isograph_assets.measure import Cost

# raised when the assets themselves change what they write
_ASSETS_REVISION = "2"
CODE_VERSION = f"{version()}-{_ASSETS_REVISION}"

_HASH_SHOWN = 16
_PREVIEW_ROWS = 8
_SAMPLES_SHOWN = 3
_NOT_SAMPLES = 15

Metadata = dict[str, dg.MetadataValue | Any]


def column_schema(table: pa.Table) -> dg.TableSchema:
    """Names and types of a table's columns; of many sample columns the first few stand for all."""
    fields = list(table.schema)
    columns = [dg.TableColumn(field.name, str(field.type)) for field in fields[:_NOT_SAMPLES]]
    if len(fields) > _NOT_SAMPLES:
        kept = _first_sample(fields)
        columns = columns[: kept + _SAMPLES_SHOWN]
        rest = len(fields) - len(columns)
        columns.append(
            dg.TableColumn("…", str(fields[-1].type), description=f"{rest} more samples")
        )
    return dg.TableSchema(columns)


def _first_sample(fields: list[pa.Field]) -> int:
    """Where the run of columns of the last column's type begins: the samples."""
    last = fields[-1].type
    start = len(fields)
    while start and fields[start - 1].type == last:
        start -= 1
    return min(start, _NOT_SAMPLES - _SAMPLES_SHOWN)


def tables_metadata(tables: Mapping[str, pa.Table], *, main: str) -> Metadata:
    """Rows, columns and content hash of every table of a folder, and every schema.

    Args:
        tables: by file stem.
        main: the table whose rows and columns stand for the asset.
    """
    records = [
        dg.TableRecord(
            {
                "table": name,
                "rows": table.num_rows,
                "columns": table.num_columns,
                "content_hash": short(hash_table(table)),
            }
        )
        for name, table in tables.items()
    ]
    found: Metadata = {
        "dagster/row_count": tables[main].num_rows,
        "dagster/column_schema": column_schema(tables[main]),
        "tables": dg.MetadataValue.table(records),
    }
    for name, table in tables.items():
        if name != main:
            found[f"schema of {name}"] = dg.MetadataValue.table_schema(column_schema(table))
    return found


def column_lineage(columns: Mapping[str, Mapping[str, str]]) -> Metadata:
    """Where the columns of a report come from: for programs, and as a table for people.

    Args:
        columns: by column, the column of each asset (by its key) that it is made of.
    """
    deps = {
        column: [
            dg.TableColumnDep(asset_key=dg.AssetKey(asset), column_name=name)
            for asset, name in sources.items()
        ]
        for column, sources in columns.items()
    }
    table = pd.DataFrame(
        [
            {"column": column, "asset": asset, "its column": name}
            for column, sources in columns.items()
            for asset, name in sources.items()
        ]
    )
    return {
        "dagster/column_lineage": dg.MetadataValue.column_lineage(dg.TableColumnLineage(deps)),
        "where columns come from": preview(table, rows=len(table)),
    }


def rows_metadata(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Metadata:
    """Number of rows, and names and types of columns, of a report's main table.

    Args:
        rows: of the table; the type of a column is that of its first value.
        columns: that are shown.
    """
    types = {
        name: next((type(row[name]).__name__ for row in rows if row.get(name) is not None), "null")
        for name in columns
    }
    return {
        "dagster/row_count": len(rows),
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(name, kind) for name, kind in types.items()]
        ),
    }


def steps_metadata(steps: Steps) -> Metadata:
    """Seconds, processor seconds and peak memory of every step."""
    costs = {
        step.name: {
            "seconds": step.seconds,
            "cpu_seconds": step.cpu_seconds,
            "peak_memory_bytes": step.peak_memory_bytes,
        }
        for step in steps.done
    }
    return {"steps": dg.MetadataValue.json(costs)}


def made_by() -> dict[str, Any]:
    """What every report records of the code that made it."""
    return {
        "isograph_version": version(),
        "git": git_state(),
        "packages": package_versions(),
    }


def short(content_hash: str) -> str:
    """As much of a content hash as tells it from others; the data version holds all of it."""
    return content_hash[:_HASH_SHOWN]


def cost_metadata(cost: Cost) -> Metadata:
    """Seconds and memory; the name says whether the mark covers the step or the whole process."""
    scope = "process" if cost.whole_process else "step"
    return {
        "seconds": round(cost.seconds, 3),
        f"peak memory of {scope} (MiB)": round(cost.peak_mib, 1),
    }


def preview(frame: pd.DataFrame, *, rows: int = _PREVIEW_ROWS) -> dg.MarkdownMetadataValue:
    """The first rows as a markdown table, numbers to three digits."""
    return dg.MetadataValue.md(markdown_table(frame, rows=rows))


def markdown_table(frame: pd.DataFrame, *, rows: int) -> str:
    """The first rows of a frame as a markdown table, with a line on what was left out."""
    head = frame.head(rows)
    lines = [
        "| " + " | ".join(map(str, head.columns)) + " |",
        "|" + " --- |" * head.shape[1],
        *("| " + " | ".join(map(_cell, row)) + " |" for row in head.itertuples(index=False)),
    ]
    if len(frame) > rows:
        lines += ["", f"… and {len(frame) - rows:,} more rows"]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value).replace("|", "\\|")


def picture(png: bytes, *, alt: str) -> dg.MarkdownMetadataValue:
    """A PNG inside markdown."""
    return dg.MetadataValue.md(f"![{alt}](data:image/png;base64,{base64.b64encode(png).decode()})")


def as_failure(error: IsographError) -> dg.Failure:
    """What isograph refuses, as a failed step that will not be better when tried again."""
    return dg.Failure(description=str(error), allow_retries=False)


@contextmanager
def refusals() -> Iterator[None]:
    """Fail at once where another try would fail too: what isograph refuses, and what is a bug.

    A full disk and a lack of memory may pass: these are left to the retry policy.
    """
    try:
        yield
    except (dg.Failure, OSError, MemoryError):
        raise
    except IsographError as error:
        raise as_failure(error) from error
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise dg.Failure(description=told, allow_retries=False) from error


def log_steps(context: dg.AssetExecutionContext, steps: Steps) -> None:
    """Tell the run's log what the library did."""
    for step in steps.done:
        context.log.info(f"{step.name}: {step.seconds:.2f} s, {step.result}")
