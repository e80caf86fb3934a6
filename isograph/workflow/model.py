"""What a run is asked to do, and what it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isograph.bundle import Bundle
from isograph.explanation import ExplainOptions
from isograph.importers.options import ImportOptions
from isograph.results import Fit


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes:
        source: bundle folder, or what `isograph import` takes.
        out: folder of the run.
        name: of the cohort.
        kind: of the files, see `isograph.importers.cohort.KINDS`, or `auto`.
        imports: gene map, sample sheet and more; of no use where the source is a bundle.
        further: `aligner`, `layer` and `gene_column` of `import_cohort`.
        study: fields of `isograph.study.Study` beside name and bundle: covariates, traits, …
        backend: whose fit.
        explain: what to tell of modules.
        top: explain that many of the largest modules; None explains all.
        overwrite: replace the run of another source that is in the folder.
    """

    source: Path
    out: Path
    name: str
    kind: str = "auto"
    imports: ImportOptions = field(default_factory=ImportOptions)
    further: Mapping[str, str | None] = field(default_factory=dict)
    study: Mapping[str, Any] = field(default_factory=dict)
    backend: str = "calibrated"
    explain: ExplainOptions = field(default_factory=ExplainOptions)
    top: int | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class Result:
    """What a run made.

    Attributes:
        page: where to go on.
        bundle: the data.
        fit: the modules.
        kept: stages that had not changed.
        flags: what to look at before the modules are believed, in sentences.
    """

    page: Path
    bundle: Bundle
    fit: Fit
    kept: tuple[str, ...]
    flags: tuple[str, ...]
