"""`isograph fit`"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Hashable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from isograph.backends import fit, get_backend, given, resolve_settings, study_features
from isograph.bundle import load_bundle
from isograph.cli.orders import orders
from isograph.cli.text import counted, names, table
from isograph.errors import Problem, Problems, StudyError
from isograph.features.traits import Trait
from isograph.importers.module_table import read_modules
from isograph.progress import Steps
from isograph.results import Fit, check_target, write_fit
from isograph.results.advice import removed_traits
from isograph.study import Study, make_study, read_study

_SHOWN = 12
_SHOWN_Q = 0.05
_REPORT_COLUMNS = (
    "module",
    "genes",
    "switch",
    "abundance",
    "coupled",
    "discordant",
    "stability",
    "closest trait",
    "q",
    "top genes",
)
_PROGRAMME_COLUMNS = ("programme", "share", "genes", "closest match", "q", "")
_BROAD_FACTORS = "programmes.broad_factors"
_SELECTION = ("stability_pairs", "stability_grid", "reports_dir")
_NOT_SCORED = {
    "genes_not_in_data": "that the data set does not have",
    "genes_without_features": "filtered out before (see gene_fates)",
}
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
            print(report(result, folder))
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


def report(result: Fit, folder: Path) -> str:
    """The short table at the end."""
    summary, traits = result.summary, result.traits
    n_genes = len(result.fates)
    parts = [
        f"\n{counted(len(summary), 'module')} with {len(result.modules):,} of {n_genes:,} genes "
        f"({result.seconds:.1f} s)\n"
    ]
    tested = traits.dropna(subset=["pvalue"]).sort_values(["pvalue", "trait"])
    closest = {row["module_id"]: row for row in tested[::-1].to_dict("records")}
    rows = [
        _report_row(module, closest.get(module["module_id"]))
        for module in summary.head(_SHOWN).to_dict("records")
    ]
    if rows:
        parts.append(table(rows, _REPORT_COLUMNS))
    parts.extend(_untested(traits))
    if len(summary) > _SHOWN:
        parts.append(_rest(summary["module_id"].tolist()[_SHOWN:], closest))
    if result.calibration is not None and "given_modules" in result.calibration:
        parts.append(_given(result.calibration["given_modules"]))
    if len(result.programmes):
        parts.append(_programmes(result))
        parts.extend(f"  {line}" for line in removed_traits(result))
    parts.append(f"\nwritten to {folder}   content {result.content_hash[:12]}")
    return "\n".join(parts)


def _untested(traits: pd.DataFrame) -> list[str]:
    """One line for traits of which the covariates leave nothing, or too little to test."""
    no_test = traits.groupby("trait")["pvalue"].apply(lambda p: p.isna().all())
    names = ", ".join(no_test.index[no_test])
    return (
        [f"  not tested: {names} (the covariates explain it, or too few samples)"] if names else []
    )


def _given(record: dict[str, Any]) -> str:
    """What the user calls the modules, and what could not be scored."""
    lines = ["  names: " + ", ".join(f"{ours} {name}" for ours, name in record["names"].items())]
    for key, why in _NOT_SCORED.items():
        genes = record[key]
        if genes:
            shown = ", ".join(genes[:3]) + (", …" if len(genes) > 3 else "")
            lines.append(f"  not scored: {counted(len(genes), 'gene')} {why}: {shown}")
    if record["modules_without_features"]:
        lines.append(f"  nothing left of: {', '.join(record['modules_without_features'])}")
    return "\n".join(lines)


def _rest(modules: list[str], closest: dict[Hashable, dict[Hashable, Any]]) -> str:
    """One line for the modules that are not shown, naming those with a trait."""
    tied = [m for m in modules if m in closest and closest[m]["qvalue"] <= _SHOWN_Q]
    named = [f"{m} with {closest[m]['trait']}" for m in tied[:_SHOWN]]
    return f"  … and {len(modules)} smaller ones" + (f" ({', '.join(named)})" if named else "")


def _report_row(module: dict[Hashable, Any], trait: dict[Hashable, Any] | None) -> tuple[Any, ...]:
    counts = [module[f"n_{name}"] for name in ("genes", "switch_only", "abundance_only")]
    counts += [module["n_coupled"], module["n_discordant"]]
    top = ", ".join(module["top_genes"].split(", ")[:3])
    if trait is None or trait["qvalue"] > _SHOWN_Q:
        return (module["module_id"], *counts, module["stability"], None, None, top)
    name = _match(trait["trait"], trait["r"], many_levels=trait["test"] == "anova")
    return (module["module_id"], *counts, module["stability"], name, trait["qvalue"], top)


def _match(name: str, r: float, *, many_levels: bool) -> str:
    """A trait of many levels has no direction: its r is the root of the variance it explains."""
    return f"{name} (η {r:.2f})" if many_levels else f"{name} (r {r:+.2f})"


def _programmes(result: Fit) -> str:
    """One line a broad factor."""
    tests = result.traits
    many = set(tests.loc[tests["test"] == "anova", "trait"])
    rows = []
    for one in result.programmes.to_dict("records"):
        match = q = None
        if one["best_match"] is not None and one["best_match_q"] <= _SHOWN_Q:
            name = one["best_match"]
            match = _match(name, one["best_match_r"], many_levels=name in many)
            q = one["best_match_q"]
        fate = "taken out" if one["removed"] else "stays in"
        rows.append((one["programme_id"], one["variance_share"], one["n_genes"], match, q, fate))
    number = counted(len(rows), "broad factor")
    return f"\n{number}\n\n{table(rows, _PROGRAMME_COLUMNS)}"
