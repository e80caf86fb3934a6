"""`isograph fit`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType

from isograph.backends import fit, get_backend, given, resolve_settings, study_features
from isograph.bundle import load_bundle
from isograph.cli.fit_report import report
from isograph.cli.orders import orders
from isograph.cli.text import names
from isograph.errors import Problem, Problems, StudyError
from isograph.features.traits import Trait
from isograph.importers.module_table import read_modules
from isograph.progress import Steps
from isograph.results import Fit, check_target, write_fit
from isograph.study import Study, make_study, read_study

_BROAD_FACTORS = "programmes.broad_factors"
_SELECTION = ("stability_pairs", "stability_grid", "reports_dir")
_FLAGS = (
    "covariates",
    "traits",
    "categorical",
    "block",
    "ordered",
    "drop_missing",
    "broad_factors",
    "seed",
    "set",
)


def run(options: argparse.Namespace) -> int:
    """Fit one bundle or study with one backend or several."""
    steps = Steps(stream=None if options.quiet else sys.stderr)
    study = _study(options)
    backends = _backends(options, study)
    folders = {name: _folder(options, study, name, several=len(backends) > 1) for name in backends}
    # everything that can be refused is refused before any work is done
    for name, folder in folders.items():
        resolve_settings(study, get_backend(name) if options.modules is None else given.BACKEND)
        check_target(folder, overwrite=options.overwrite)
    selection = _selection(options, study)
    if selection is not None:
        selection.check_options(options, study, backends)
    with steps.step("bundle") as note:
        bundle = load_bundle(study.bundle)
        note.result = f"{bundle.name}: {len(bundle.gene_ids):,} genes × {bundle.n_samples} samples"
    modules = None
    if options.modules is not None:
        modules = read_modules(options.modules, known_genes=bundle.gene_ids)
    if selection is not None:
        selection.check_data(options, study, bundle)
    features = study_features(bundle, study=study, steps=steps)
    for line in (*_trait_lines(features.traits), *features.design.notes):
        steps.say(line)
    for name, folder in folders.items():
        result = fit(
            bundle,
            study=study,
            backend=name if modules is None else None,
            modules=modules,
            features=features,
            steps=steps.branch(),
        )
        write_fit(result, folder, overwrite=options.overwrite)
        if options.plot:
            _draw(result, folder, steps)
        if not options.quiet:
            print(report(result, folder, bundle=bundle))
        if selection is not None:
            selection.run(options, study, name, bundle=bundle, features=features, steps=steps)
    return 0


def _backends(options: argparse.Namespace, study: Study) -> tuple[str, ...]:
    """Whose fits to make; modules that a user names need nobody to find them."""
    if options.modules is None:
        return (options.backend,) if options.backend else study.backends
    if options.backend:
        raise StudyError(
            "flags contradict each other", [Problem("--modules", "not together with --backend")]
        )
    return (given.RECORD.name,)


def _selection(options: argparse.Namespace, study: Study) -> ModuleType | None:
    """What runs stability selection, if anything of it is asked for: it is slow to load."""
    if not study.stability_selection and all(getattr(options, name) is None for name in _SELECTION):
        return None
    from isograph.cli import stability

    return stability


def _draw(result: Fit, folder: Path, steps: Steps) -> None:
    # matplotlib is slow to load, and not needed without pictures
    from isograph.plots import write_plots

    with steps.step("pictures") as note:
        note.result = f"{len(write_plots(result, folder))} files"


def _study(options: argparse.Namespace) -> Study:
    settings = _settings(options)
    if options.study is not None:
        values = {flag: getattr(options, flag) for flag in _FLAGS}
        given = [flag for flag, value in values.items() if value is not None and value != []]
        if given:
            flags = [f"--{flag.replace('_', '-')}" for flag in given]
            raise StudyError(
                "a study file and flags contradict each other",
                [Problem(", ".join(flags), "not together with --study", fix="edit the file")],
            )
        study = read_study(options.study)
        asked = {"stability_selection": True} if options.stability_selection else {}
        return study.model_copy(update=asked)
    path = Path(options.dataset_path)
    return make_study(
        bundle=path,
        covariates=options.covariates,
        traits=names(options.traits),
        categorical=names(options.categorical) or (),
        block=options.block,
        ordered=orders(options.ordered),
        drop_missing=bool(options.drop_missing),
        backends=(options.backend,) if options.backend else ("calibrated",),
        seed=options.seed or 0,
        stability_selection=options.stability_selection,
        set=settings,
    )


def _settings(options: argparse.Namespace) -> dict[str, str]:
    settings = setting_pairs(options.set)
    if options.broad_factors is None:
        return settings
    twice = [key for key in settings if key in (_BROAD_FACTORS, _BROAD_FACTORS.split(".")[1])]
    if twice:
        raise StudyError(
            "settings refused", [Problem("--broad-factors", f"is said again by --set {twice[0]}")]
        )
    return settings | {_BROAD_FACTORS: options.broad_factors}


def setting_pairs(words: list[str]) -> dict[str, str]:
    """`KEY=VALUE` words as a mapping.

    Raises:
        StudyError: a word has no `=`.
    """
    problems = Problems()
    bad = [word for word in words if "=" not in word]
    if bad:
        problems.add("--set", "is not KEY=VALUE", examples=bad, count=len(bad))
    problems.raise_if_any(StudyError, "settings refused")
    return dict(word.split("=", 1) for word in words)


def _folder(options: argparse.Namespace, study: Study, backend: str, *, several: bool) -> Path:
    if options.output_dir is None:
        return Path("artifacts") / "fits" / study.name / backend
    return options.output_dir / backend if several else Path(options.output_dir)


def _trait_lines(traits: tuple[Trait, ...]) -> list[str]:
    """What each sample column was taken for, and why where that may surprise."""
    lines = ["traits: " + (", ".join(f"{t.name} ({t.kind})" for t in traits) or "none")]
    return lines + [f"  {t.name}: {t.reason}" for t in traits if t.reason]
