"""The short table at the end of a fit."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from isograph.bundle import Bundle
from isograph.bundle.names import gene_names
from isograph.cli.text import counted, table
from isograph.results import Fit
from isograph.results.advice import removed_traits

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
_NOT_SCORED = {
    "genes_not_in_data": "that the data set does not have",
    "genes_without_features": "filtered out before (see gene_fates)",
}


def report(result: Fit, folder: Path, *, bundle: Bundle | None = None, advice: bool = True) -> str:
    """The short table at the end.

    Args:
        result: the fit.
        folder: where it is.
        bundle: gives the names of genes.
        advice: say which traits the factors follow that were taken out.
    """
    called = {} if bundle is None else _gene_names(bundle)
    summary, traits = result.summary, result.traits
    n_genes = len(result.fates)
    parts = [
        f"\n{counted(len(summary), 'module')} with {len(result.modules):,} of {n_genes:,} genes "
        f"({result.seconds:.1f} s)\n"
    ]
    tested = traits.dropna(subset=["pvalue"]).sort_values(["pvalue", "trait"])
    closest = {row["module_id"]: row for row in tested[::-1].to_dict("records")}
    rows = [
        _report_row(module, closest.get(module["module_id"]), called)
        for module in summary.head(_SHOWN).to_dict("records")
    ]
    if rows:
        parts.append(table(rows, _REPORT_COLUMNS))
    parts.extend(_untested(result))
    if len(summary) > _SHOWN:
        parts.append(_rest(summary["module_id"].tolist()[_SHOWN:], closest))
    if result.calibration is not None and "given_modules" in result.calibration:
        parts.append(_given(result.calibration["given_modules"]))
    if len(result.programmes):
        parts.append(_programmes(result))
        parts.extend(f"  {line}" for line in removed_traits(result) if advice)
    parts.append(f"\nwritten to {folder}   content {result.content_hash[:12]}")
    return "\n".join(parts)


def _gene_names(bundle: Bundle) -> dict[str, str]:
    ids = bundle.gene_ids
    return dict(zip(ids.tolist(), gene_names(bundle, ids).tolist(), strict=True))


def _untested(result: Fit) -> list[str]:
    """One line for traits of which too little is left to test."""
    no_test = result.traits.groupby("trait")["pvalue"].apply(lambda p: p.isna().all())
    names = ", ".join(no_test.index[no_test])
    blocks = result.config.get("blocks")
    units = f"samples or {blocks['column']}s" if blocks else "samples"
    whys = ["the covariates explain it"] if result.config["covariates"] else []
    if result.programmes["removed"].astype(bool).any():
        whys.append("what was taken out explains it")
    whys.append(f"too few {units} of a level")
    return [f"  not tested: {names} ({', or '.join(whys)})"] if names else []


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


def _report_row(
    module: dict[Hashable, Any], trait: dict[Hashable, Any] | None, names: Mapping[str, str]
) -> tuple[Any, ...]:
    counts = [module[f"n_{name}"] for name in ("genes", "switch_only", "abundance_only")]
    counts += [module["n_coupled"], module["n_discordant"]]
    top = ", ".join(names.get(gene, gene) for gene in module["top_genes"].split(", ")[:3])
    if trait is None:
        return (module["module_id"], *counts, module["stability"], None, None, top)
    if trait["qvalue"] > _SHOWN_Q:
        row = (module["module_id"], *counts, module["stability"], "none clear", trait["qvalue"])
        return (*row, top)
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
