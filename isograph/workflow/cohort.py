"""One cohort from its files to its page, going on where a former run stopped."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from isograph.backends import fit, study_features
from isograph.bundle import Bundle, load_bundle, save_bundle
from isograph.errors import OutputError
from isograph.explanation import explain
from isograph.explanation.target import INDEX_PAGE
from isograph.features.samples import check_samples
from isograph.files import read_json, write_text
from isograph.importers.beside import found_beside
from isograph.importers.building.report import REPORT_FILE, import_flags
from isograph.importers.cohort import import_cohort
from isograph.importers.of_study import is_bundle
from isograph.importers.options import ImportOptions
from isograph.progress import Steps
from isograph.quality import assess_quality, write_quality
from isograph.quality.folder import PAGE as QUALITY_PAGE
from isograph.quality.sentences import flag_sentences
from isograph.results import Fit, read_fit, write_fit
from isograph.results.advice import before_reading
from isograph.study import Study, make_study
from isograph.workflow.ledger import Ledger, print_of_file, print_of_folder
from isograph.workflow.model import Plan, Result
from isograph.workflow.preflight import check_sheet

STAGES = ("import", "quality", "fit", "explanation", "report")
PAGE = "index.html"

_RESULTS = ("bundle", "quality", "fit", "explain", PAGE)
_MANIFEST = "manifest.json"
_DEPTH = 4
_MOST_PICTURED = 24
"""Modules that get pictures: beyond these a run would draw for longer than it thinks."""


def run_cohort(plan: Plan, *, steps: Steps | None = None) -> Result:
    """Import if needed, look at the quality, fit, explain and write the page.

    The run's folder holds `bundle/` (if the source is none), `quality/`, `fit/`, `explain/`,
    `index.html` and `run.json`. Stages whose inputs have not changed since are kept.

    Args:
        plan: what to run.
        steps: shows progress.

    Returns:
        Where the page is, the data, the fit, which stages were kept and what to look at first.

    Raises:
        IsographError: input is refused; what is done so far stays.
    """
    ledger = Ledger.open(plan.out)
    if not plan.overwrite:
        ledger.check_source(plan.source)
    with ledger.held():
        return _Run(plan, ledger, steps or Steps()).all()


@dataclass
class _Run:
    plan: Plan
    ledger: Ledger
    steps: Steps
    kept: list[str] = field(default_factory=list)
    gtf: Path | None = None

    def all(self) -> Result:
        bundle = self._bundle()
        study = self._study(bundle.path or self.plan.source)
        # what the study cannot have is refused before anything is looked at
        check_samples(bundle, study=study)
        self.ledger.begin(self.plan.source, *_RESULTS)
        told = self._import_report()
        found = self._quality(bundle, study)
        result = self._fit(bundle, study)
        flags = (
            # what an import noticed that changes how results are to be read
            *(() if told is None else import_flags(told)),
            *before_reading(result),
            *found,
        )
        self._explain(bundle, result)
        self._report(bundle, result, told, flags)
        return Result(self.plan.out / PAGE, bundle, result, tuple(self.kept), flags)

    def _title(self, stage: str, *, kept: bool, makes: bool = True) -> None:
        """Say which stage begins, and whether it is kept or makes anything new."""
        if kept:
            self.kept.append(stage)
        elif makes:
            # a page of former results must not stand beside new ones
            (self.plan.out / PAGE).unlink(missing_ok=True)
        number = STAGES.index(stage) + 1
        self.steps.say(
            f"[{number}/{len(STAGES)}] {stage}" + (": kept, nothing changed" if kept else "")
        )

    # ---- stages

    def _bundle(self) -> Bundle:
        plan = self.plan
        if is_bundle(plan.source):
            self._title("import", kept=False, makes=False)
            with self.steps.step("bundle") as note:
                bundle = load_bundle(plan.source)
                note.result = _size(bundle)
            return bundle
        options = plan.imports
        beside = found_beside(plan.source, options)
        options = beside.options
        self.gtf = options.gtf
        check_sheet(options, self._study(plan.source))
        target = plan.out / "bundle"
        inputs = self._import_inputs(options)
        kept = self.ledger.is_done("import", inputs, target / _MANIFEST)
        self._title("import", kept=kept)
        if kept:
            return load_bundle(target)
        for line in beside.taken:
            self.steps.say(line)
        with self.ledger.stage("import", inputs) as result:
            imported = import_cohort(
                plan.source,
                kind=plan.kind,
                name=plan.name,
                options=options,
                **dict(plan.further),
                steps=self.steps,
            )
            self.ledger.begin(plan.source, *_RESULTS)
            save_bundle(imported.bundle, target, overwrite=True, files=imported.files)
            result["report"] = REPORT_FILE
        return load_bundle(target)

    def _import_inputs(self, options: ImportOptions) -> dict[str, Any]:
        files = {key: getattr(options, key) for key in ("tx2gene", "gtf", "samples")}
        plain = {
            key: value
            for key, value in vars(options).items()
            if key not in files and key != "cache_dir"
        }
        return {
            "kind": self.plan.kind,
            "source": str(self.plan.source.resolve()),
            "files": print_of_folder(self.plan.source, depth=_DEPTH, without=self.plan.out)
            if self.plan.source.exists()
            else "",
            "further": dict(self.plan.further),
            "options": plain,
            **{key: print_of_file(path) for key, path in files.items()},
        }

    def _import_report(self) -> Any:
        """What the import found; None where a bundle was given."""
        path = self.plan.out / "bundle" / REPORT_FILE
        return read_json(path) if path.is_file() else None

    def _study(self, bundle: Path) -> Study:
        name, backends = self.plan.name, (self.plan.backend,)
        return make_study(bundle=bundle, name=name, backends=backends, **self.plan.study)

    def _quality(self, bundle: Bundle, study: Study) -> tuple[str, ...]:
        """What to look at before the result is believed, in sentences."""
        folder = self.plan.out / "quality"
        inputs = {
            "bundle": bundle.content_hash,
            "provenance": _recorded(bundle),
            "study": study.model_dump(mode="json", exclude={"bundle"}),
        }
        kept = self.ledger.is_done("quality", inputs, folder / QUALITY_PAGE)
        self._title("quality", kept=kept)
        if kept:
            return tuple(self.ledger.result("quality")["flags"])
        with self.ledger.stage("quality", inputs) as result:
            quality = assess_quality(bundle, study=study, steps=self.steps)
            write_quality(quality, folder, overwrite=True)
            flags = (*flag_sentences(quality.flags, bundle, study=study), *quality.warnings)
            result["flags"] = list(flags)
        return flags

    def _fit(self, bundle: Bundle, study: Study) -> Fit:
        folder = self.plan.out / "fit"
        inputs = {
            "bundle": bundle.content_hash,
            "provenance": _recorded(bundle),
            "study": study.model_dump(mode="json", exclude={"bundle"}),
        }
        kept = self.ledger.is_done("fit", inputs, folder)
        self._title("fit", kept=kept)
        if kept:
            try:
                return read_fit(folder)
            except OutputError:
                self.kept.remove("fit")
        with self.ledger.stage("fit", inputs) as result:
            features = study_features(bundle, study=study, steps=self.steps)
            found = fit(
                bundle, study=study, backend=self.plan.backend, features=features, steps=self.steps
            )
            write_fit(found, folder, overwrite=True)
            self._draw(found, folder)
            result["content_hash"] = found.content_hash
        return found

    def _draw(self, found: Fit, folder: Path) -> None:
        from isograph.plots import write_plots

        with self.steps.step("pictures of the fit") as note:
            note.result = f"{len(write_plots(found, folder))} files"

    def _explain(self, bundle: Bundle, found: Fit) -> None:
        plan, folder = self.plan, self.plan.out / "explain"
        # the annotation beside the samples also tells what changes in a transcript
        options = replace(plan.explain, gtf=plan.explain.gtf or self.gtf)
        files = ("gene_sets", "feature_table", "feature_meta", "gtf", "annotation_table")
        inputs = {
            "fit": found.content_hash,
            # names of genes and lengths of transcripts are in the bundle alone
            "bundle": bundle.content_hash,
            "options": options.as_record(),
            "top": plan.top,
            "files": {name: print_of_file(getattr(options, name)) for name in files},
        }
        kept = self.ledger.is_done("explanation", inputs, folder / INDEX_PAGE)
        self._title("explanation", kept=kept)
        if kept:
            return
        # pictures are slow to load
        from isograph.explanation.render import write_explanations

        with self.ledger.stage("explanation", inputs):
            told = explain(found, bundle=bundle, top=plan.top, options=options, steps=self.steps)
            write_explanations(
                told, folder, formats=("png",), most_pictured=_MOST_PICTURED, steps=self.steps
            )

    def _report(self, bundle: Bundle, found: Fit, told: Any, flags: tuple[str, ...]) -> None:
        self._title("report", kept=False, makes=False)
        from isograph.workflow.page import cohort_page

        out = self.plan.out
        with self.steps.step("page") as note:
            text = cohort_page(
                out,
                name=self.plan.name,
                bundle=bundle,
                fit=found,
                report=told,
                flags=flags,
                quality_page=f"quality/{QUALITY_PAGE}",
            )
            write_text(out / PAGE, text)
            note.result = str(out / PAGE)


def _recorded(bundle: Bundle) -> dict[str, str | None]:
    """What a bundle says of its donors and levels; its content hash does not have it."""
    return {key: bundle.provenance.get(key) for key in ("block", "ordered_levels")}


def _size(bundle: Bundle) -> str:
    return f"{bundle.name}: {len(bundle.gene_ids):,} genes × {bundle.n_samples} samples"
