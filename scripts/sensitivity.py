"""Every constant of the method at half and one and a half times its default, one at a time.

    OMP_NUM_THREADS=1 ISOGRAPH_THREADS=1 python scripts/sensitivity.py --jobs 2

writes `artifacts/reports/sensitivity.json` and the table of `docs/sensitivity.md`. Finished rows
are kept as they come; a run that was cut off goes on while the source code is the same.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import isograph
from isograph.bundle.model import Bundle
from isograph.config import CalibratedSettings, FitSettings
from isograph.evaluation.metrics import score_partition
from isograph.features.model import FeatureSet
from isograph.files import read_json, write_json, write_text
from isograph.study import Study, make_study

REPORT = Path("artifacts/reports/sensitivity.json")
PAGE = Path("docs/sensitivity.md")
BEGIN, END = "<!-- table: scripts/sensitivity.py -->", "<!-- end of table -->"
SEEDS = (7, 8)
_PLAIN = (
    "realistic_unequal_v1",
    "noisy_v1",
    "noisy_multiplex_v1",
    "nonlinear_v1",
    "small_n-n40",
    "weak-noise1.5",
    "weak-noise2.0",
    "unequal_isoform_abundance-imbalance25",
    "negative_control_noise-noise0.50",
)
PANELS = {
    "plain": (
        *((name, seed) for name in _PLAIN for seed in SEEDS),
        ("library_depth_all-cv0.50", 7),
    ),
    # data sets with broad factors take ten times as long: one seed each
    "shared": (
        ("cell_types-c0.50", 7),
        ("correlated-rho0.65", 7),
        ("feature_space_interactions-strength2.0-fraction0.50", 7),
        ("library_depth_all-cv0.50", 7),
        ("rna_degradation_all-bias0.5", 7),
        ("no_harm-rho0.50", 7),
        ("realistic_unequal_v1", 7),
        ("negative_control_noise-noise0.50", 7),
    ),
}
"""Data sets and seeds; constants of broad factors are tried on `shared`, all others on `plain`."""
FACTORS = (0.5, 1.5)
_MOST_SHARE = 0.99
# half-samples say how firm a module is and change none: two are enough here
_QUICK = {"communities.half_samples": 2}


@dataclass(frozen=True)
class Constant:
    """One number of the method.

    Attributes:
        name: `section.field` of a setting, or `package.module:NAME` of a constant in the code.
        why: its reason in one line.
        least: it cannot be smaller.
        most: it cannot be larger.
    """

    name: str
    why: str
    least: float = 0.0
    most: float = float("inf")

    @property
    def is_setting(self) -> bool:
        """Whether `--set` reaches it."""
        return ":" not in self.name

    @property
    def panel(self) -> str:
        """The data sets that it is tried on."""
        return "shared" if self.name.startswith("programmes.") else "plain"

    @property
    def default(self) -> float:
        """Its value in the code."""
        if self.is_setting:
            section, field = self.name.split(".")
            home = CalibratedSettings() if section == "backend" else getattr(FitSettings(), section)
            return getattr(home, field)  # type: ignore[no-any-return]
        module, attribute = self.name.split(":")
        return getattr(importlib.import_module(f"isograph.{module}"), attribute)  # type: ignore[no-any-return]

    def at(self, factor: float) -> float:
        """The default times `factor`, a whole number where it is one, within its bounds."""
        value = min(max(self.default * factor, self.least), self.most)
        return int(value + 0.5) if isinstance(self.default, int) else value


SETTINGS = (
    Constant("features.min_count", "reads below which usage is mostly counting noise"),
    Constant("features.min_samples", "fewer samples than this cannot show a pattern", 1),
    Constant("features.min_sample_share", "a group of a tenth of the samples may be the signal"),
    Constant(
        "features.transcript_min_samples", "rare isoforms stay; one or two samples are chance"
    ),
    Constant("features.transcript_min_share", "the same in large cohorts"),
    Constant("features.max_tied_share", "a fifth of the samples must say something", most=1.0),
    Constant("features.usage_prior_min", "lower bound of what one gene's spread can say"),
    Constant("features.usage_prior_max", "upper bound: beyond it shrinkage hides real switches"),
    Constant("features.abundance_prior_min", "lower bound of what one gene's spread can say"),
    Constant("features.abundance_prior_max", "upper bound: beyond it shrinkage hides real change"),
    Constant("features.max_axes", "more axes than this a gene never carried a module", 1),
    Constant(
        "features.axis_noise_ratio",
        "a sampled variance at 100 samples rarely exceeds its expectation by half",
    ),
    Constant("features.clip", "one sample alone reaches r = 9/n, far below any threshold", 1.01),
    Constant(
        "backend.false_edges_per_feature",
        "edges propose, modules decide: at 0.001 weak "
        "modules are missed, at 0.01 small cohorts mix",
    ),
    Constant(
        "backend.proposals_per_feature",
        "as many chance pairs as features: the graph of members hangs together, noise hardly does",
    ),
    Constant("backend.neighbours", "holds a module of hundreds together and stays linear", 1),
    Constant("communities.resolution", "modularity as published; refinement corrects both sides"),
    Constant("communities.edge_fwer", "one false edge in a hundred data sets holds a gene alone"),
    Constant("communities.member_fwer", "one false member in twenty data sets"),
    Constant("communities.joining_fdr", "as rare as background is wanted among members"),
    Constant(
        "communities.joining_local_fdr",
        "a gene joins if it is a member four times out of five at the margin",
    ),
    Constant("communities.faint_fdr", "a factor bears a few false genes; its members are tested"),
    Constant("communities.pair_fwer", "pairs are many and have no core to confirm them"),
    Constant("communities.module_fwer", "one false module in a hundred data sets, at most"),
    Constant(
        "communities.merge_correlation",
        "halves of one module reach 0.97 (0.66 under a strong "
        "shared factor), modules that share a trait stay below 0.6",
        most=_MOST_SHARE,
    ),
    Constant("programmes.max_factors", "a bound on time; real cohorts gave six at most", 1),
    Constant(
        "programmes.least_residual_edges",
        "family-wise 0.01 gives none by chance; relatives that share reads give a few",
        1,
    ),
    Constant("programmes.broad_share", "a seventh of all module genes, in three modules or more"),
    Constant("programmes.curve_share", "bent copies of a factor reach 0.4 to 0.9, modules 0.1"),
    Constant("programmes.rounds", "accounts stop growing after two or three", 1),
    Constant(
        "programmes.search_genes", "a bound on time; the fixtures here have 2,000 at most", 100
    ),
    Constant(
        "roles.active_r",
        "|r| of a channel that says nothing exceeds it in 1 of 100 cases at 160 samples",
    ),
)
CODE = (
    Constant("communities.detection:_TRIALS", "starts of Leiden; the best is taken", 1),
    Constant("communities.factors:_SMALLEST_SPLIT", "two genes on each side", 2),
    Constant("communities.extension:_LEAST_MEMBERS", "two genes have no factor but what they "
             "happen to share", 2),
    Constant("communities.extension:_ROUNDS", "two rounds find nearly all who join", 1),
    Constant("communities.faint:_FACTORS_PER_COMMUNITY", "a community of chance pairs seldom holds "
             "two factors", 1),
    Constant("communities.faint:_POWER_STEPS", "the most central features show after ten", 1),
    Constant("communities.faint:_START_SHARE", "a fifth of a community, five features at least"),
    Constant("communities.faint:_START_P", "chance gives a start a few members, the level decides"),
    Constant("communities.faint:_ROUNDS", "sets settle after five to ten", 1),
    Constant("programmes.breadth:ENOUGH_MEMBERS", "what a module's own factor leaves of fewer "
             "genes is hardly free", 2),
    Constant("programmes.breadth:_LOADS", "p at which a gene loads on a factor: a thousandth of "
             "the genes by chance, far from a seventh"),
    Constant("programmes.breadth:_FAMILY_WISE", "of the pairs that start a search"),
    Constant("programmes.breadth:_LEAST_GENES", "one gene of a module is not the module", 1),
    Constant("programmes.breadth:_MOST", "two modules are few: then most of their genes"),
    Constant("programmes.breadth:_ENOUGH_CARRIERS", "taking out a factor makes what is left of "
             "fewer rows correlate", 2),
    Constant("programmes.breadth:_MANY_TIED", "fewer members tied beside their own factor may "
             "be relatives", 1),
    Constant("programmes.breadth:_TIES", "pairs for each of them: a chain of relatives has one"),
    Constant("programmes.curves:_SAMPLES_A_COLUMN", "samples for each column of a spline", 2),
    Constant("programmes.evidence:_SAID", "nats to say that a feature loads: one of three"),
    Constant("programmes.search:_ROTATED", "components that varimax turns", 1),
    Constant("programmes.search:_HIGH_LOADING", "|loading| that counts for breadth of a start"),
    Constant("programmes.search:_BROADEST", "rotated components taken as a start", 1),
    Constant("programmes.search:_STILL", "nats below which alternation has settled"),
    Constant("programmes.search:_MARGIN", "nats by which factors must win: odds of e²⁰"),
    Constant("programmes.search:_RELATIVE_MARGIN", "and a thousandth of the whole account"),
)  # fmt: skip
_ALSO = {"programmes.breadth:ENOUGH_MEMBERS": ("programmes.search",)}


@cache
def _data(name: str, seed: int) -> tuple[Bundle, FeatureSet]:
    bundle = isograph.simulate(name, seed=seed)
    return bundle, isograph.study_features(bundle, study=_study(name, {}))


def _study(name: str, settings: dict[str, Any]) -> Study:
    return make_study(name=name, bundle=Path(name), set=_QUICK | settings)


@contextmanager
def _in_place(constant: Constant, value: float) -> Iterator[None]:
    """A constant of the code with another value for a while."""
    home, attribute = constant.name.split(":")
    modules = [
        importlib.import_module(f"isograph.{path}")
        for path in (home, *_ALSO.get(constant.name, ()))
    ]
    former = [getattr(module, attribute) for module in modules]
    for module in modules:
        setattr(module, attribute, value)
    try:
        yield
    finally:
        for module, old in zip(modules, former, strict=True):
            setattr(module, attribute, old)


def measure(panel: str, constant: Constant | None, value: float | None) -> list[dict[str, Any]]:
    """Scores of every data set of a panel; with all constants at their defaults if None."""
    if constant is None or value is None:
        return _scores(panel, {})
    if constant.is_setting:
        return _scores(panel, {constant.name: value})
    with _in_place(constant, value):
        return _scores(panel, {})


def _scores(panel: str, settings: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for name, seed in PANELS[panel]:
        bundle, features = _data(name, seed)
        study = _study(name, settings)
        if any(key.startswith("features.") for key in settings):
            features = isograph.study_features(bundle, study=study)
        fit = isograph.fit(bundle, study=study, features=features)
        score = score_partition(
            bundle.tables["truth_module"],
            fit.modules,
            all_genes=bundle.gene_ids,
            roles=fit.roles,
            truth_roles=bundle.tables.get("truth_channel_role"),
            rng=np.random.default_rng(seed),
            n_permutations=0,
        )
        rows.append(
            {
                "dataset": name,
                "seed": seed,
                "ari": score.ari,
                "coverage": score.coverage,
                "n_background": score.n_background_assigned,
                "n_assigned": score.n_assigned,
                "n_modules": score.n_modules,
                "n_planted": score.n_truth_modules,
                "roles": score.role_accuracy,
            }
        )
    return rows


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of figures over all data sets."""
    planted = [row for row in rows if row["n_planted"]]
    worst = min(planted, key=lambda row: row["ari"])
    roles = [row["roles"] for row in planted if row["roles"] is not None]
    return {
        "ari": float(np.mean([row["ari"] for row in planted])),
        "ari_min": worst["ari"],
        "worst": worst["dataset"],
        "coverage": float(np.mean([row["coverage"] for row in planted])),
        "background": sum(r["n_background"] for r in rows) / sum(r["n_assigned"] for r in rows),
        "wrong_count": sum(row["n_modules"] != row["n_planted"] for row in planted),
        "on_noise": sum(row["n_modules"] for row in rows if not row["n_planted"]),
        "roles": float(np.mean(roles)) if roles else None,
    }


def _code() -> str:
    """Hash over everything that a partition depends on, and over this file."""
    root = Path(isograph.__file__).parent
    parts = ("features", "network", "communities", "programmes", "modules", "simulation")
    files = [path for part in parts for path in sorted((root / part).glob("*.py"))]
    files += [root / "config.py", Path(__file__)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def _job(task: tuple[int, float]) -> tuple[int, float, float | None, dict[str, Any]]:
    index, factor = task
    if index < 0:
        panel = tuple(PANELS)[-1 - index]
        return index, factor, None, summarise(measure(panel, None, None))
    constant = (*SETTINGS, *CODE)[index]
    value = constant.at(factor)
    return index, factor, value, summarise(measure(constant.panel, constant, value))


def run(jobs: int) -> dict[str, Any]:
    """Measure what is not known yet, keep each row as it comes, return the report."""
    constants = (*SETTINGS, *CODE)
    code = _code()
    report: dict[str, Any] = read_json(REPORT) if REPORT.exists() else {}
    if report.get("code") != code:
        report = {
            "code": code,
            "data_sets": {name: [list(cell) for cell in cells] for name, cells in PANELS.items()},
            "default": {},
            "rows": {},
        }
    tasks = [(-1 - k, 1.0) for k, panel in enumerate(PANELS) if panel not in report["default"]]
    # what modules are decided by first, for a run that is cut off
    last = sorted(range(len(constants)), key=lambda i: constants[i].name.startswith("features."))
    for index in last:
        constant = constants[index]
        for factor in FACTORS:
            if f"{constant.name} x{factor}" in report["rows"]:
                continue
            if constant.at(factor) != constant.default:
                tasks.append((index, factor))
    start = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for done, (index, factor, value, row) in enumerate(pool.imap(_job, tasks), start=1):
            if index < 0:
                report["default"][tuple(PANELS)[-1 - index]] = row
            else:
                name = constants[index].name
                report["rows"][f"{name} x{factor}"] = {"value": value, **row}
            write_json(REPORT, report)
            left = (time.monotonic() - start) / done * (len(tasks) - done)
            what = constants[index].name if index >= 0 else "defaults"
            print(f"  [{done}/{len(tasks)}] {what} {value}  about {left / 60:.0f} min left")
    return report


def table(report: dict[str, Any]) -> str:
    """The page's table, in Markdown."""
    lines = []
    for panel, base in report["default"].items():
        planted = sum(not name.startswith("negative_control") for name, _ in PANELS[panel])
        lines += [
            f"Defaults, data sets `{panel}`: mean ARI {base['ari']:.3f}, lowest "
            f"{base['ari_min']:.3f} ({base['worst']}), coverage {base['coverage']:.3f}, background "
            f"{base['background']:.2%}, wrong module count in {base['wrong_count']} of {planted}, "
            f"{base['on_noise']} modules on noise, role accuracy {base['roles']:.3f}.",
            "",
        ]
    lines += ["| constant | default | why | at −50% | at +50% |", "| --- | --- | --- | --- | --- |"]
    for constant in (*SETTINGS, *CODE):
        cells = [_cell(report, constant, factor) for factor in FACTORS]
        name = constant.name.replace("backend.", "").replace(":", " ")
        lines.append(f"| `{name}` | {constant.default:g} | {constant.why} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(report: dict[str, Any], constant: Constant, factor: float) -> str:
    row = report["rows"].get(f"{constant.name} x{factor}")
    if row is None:
        return "the same value" if constant.at(factor) == constant.default else "not measured"
    base = report["default"][constant.panel]
    said = []
    for key, label in (("ari", "ARI"), ("ari_min", "lowest"), ("coverage", "coverage")):
        change = row[key] - base[key]
        if abs(change) >= 0.0005:
            said.append(f"{label} {change:+.3f}".replace("-", "−"))
    change = row["background"] - base["background"]
    if abs(change) >= 0.00005:
        said.append(f"background {100 * change:+.2f} points".replace("-", "−"))
    for key, label in (("wrong_count", "wrong counts"), ("on_noise", "modules on noise")):
        if row[key] != base[key]:
            said.append(f"{label} {row[key] - base[key]:+d}".replace("-", "−"))
    if abs(row["roles"] - base["roles"]) >= 0.0005:
        said.append(f"roles {row['roles'] - base['roles']:+.3f}".replace("-", "−"))
    return f"{row['value']:g}: " + (", ".join(said) or "nothing changes")


def write_page(report: dict[str, Any]) -> None:
    """Put the table between its marks; what people wrote around it stays."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else f"{BEGIN}\n{END}\n"
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    write_text(PAGE, f"{before}{BEGIN}\n\n{table(report)}\n\n{END}{after}")


def main() -> None:
    """Measure, then write report and page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Plain)
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    report = run(parser.parse_args().jobs)
    write_page(report)


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Keep the line breaks of the description."""


if __name__ == "__main__":
    main()
