"""What explanations start from: a finished fit, its data set, and the profiles to explain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle import Bundle, load_bundle
from isograph.bundle.names import gene_names
from isograph.errors import BundleError, OutputError, Problem
from isograph.explanation.usage import UsageReader
from isograph.features.design import Design, extend, residualise
from isograph.features.model import FeatureSet
from isograph.features.store import features_of_table
from isograph.results import Fit

MODULE, PROGRAMME = "module", "programme"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """What is explained: the eigengene of a module, or a programme.

    Attributes:
        name: `M000`, `P00`, ….
        kind: `module` or `programme`.
        values: shape (n_samples,), samples sorted by id; mean 0, mean square 1.
        genes: genes that follow it: those of the module, or that load on the programme; sorted.
        design: what it is orthogonal to: covariates, for modules the removed programmes too.
    """

    name: str
    kind: str
    values: Floats
    genes: npt.NDArray[np.str_]
    design: Design

    @property
    def df(self) -> int:
        """Degrees of freedom of a correlation with it: samples − 2 − rank of the design."""
        return self.design.df_residual - 1


@dataclass(frozen=True)
class Source:
    """A fit with the data set that it was made of.

    Attributes:
        fit: the fit.
        bundle: its data set; the content is that of the fit.
        features: of the fit, without covariates, broad factors still in.
    """

    fit: Fit
    bundle: Bundle
    features: FeatureSet

    @property
    def sample_ids(self) -> npt.NDArray[np.str_]:
        """Samples of the fit, sorted; the column order of everything here."""
        return self.features.sample_ids

    @cached_property
    def clean_design(self) -> Design:
        """Covariates and the programmes that were taken out before modules were found."""
        removed = self._programme_values[self.fit.programmes["removed"].to_numpy(dtype=bool)]
        if not len(removed):
            return self.features.design
        names = self.fit.programmes.loc[self.fit.programmes["removed"], "programme_id"]
        return extend(self.features.design, removed.T, names=list(names))

    @cached_property
    def clean(self) -> FeatureSet:
        """Features without the programmes that were taken out, as modules see them.

        The fit takes each row's own part out of a programme before it removes it, the fit folder
        knows the programme only: correlations agree with the fit's to about 1/√(its genes).
        """
        if self.clean_design is self.features.design:
            return self.features
        seen = self.features.observed
        rest = residualise(np.where(seen, self.features.values, np.nan), self.clean_design)
        rest = np.where(seen, rest, 0.0)
        size = np.sqrt(np.mean(np.square(rest), axis=1, keepdims=True))
        values = np.divide(rest, size, out=np.zeros_like(rest), where=size > 1e-9)
        return replace(self.features, values=values, design=self.clean_design)

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """Every module, then every programme, by name."""
        fit = self.fit
        names = fit.eigengenes["module_id"].astype(str).tolist()
        members = fit.modules.groupby("module_id")["gene_id"]
        genes = {str(name): _sorted(group) for name, group in members}
        found = {
            name: Profile(name, MODULE, values, genes.get(name, _sorted([])), self.clean_design)
            for name, values in zip(names, self._clean_eigengenes, strict=True)
        }
        loads = fit.programme_loadings.groupby("programme_id")["gene_id"]
        followers = {str(name): _sorted(set(group)) for name, group in loads}
        ids = fit.programmes["programme_id"].astype(str).tolist()
        return found | {
            name: Profile(
                name, PROGRAMME, values, followers.get(name, _sorted([])), self.features.design
            )
            for name, values in zip(ids, self._programme_values, strict=True)
        }

    def loadings_of(self, name: str) -> pd.DataFrame:
        """Features that a profile is made of, by feature id: `loading`, for programmes `pvalue`."""
        if name in set(self.fit.programmes["programme_id"]):
            table = self.fit.programme_loadings
            return table[table["programme_id"] == name].set_index("feature_id")
        table = self.fit.eigengene_loadings
        return table[table["module_id"] == name].set_index("feature_id")

    def features_for(self, profile: Profile) -> FeatureSet:
        """The features that a profile is compared with: the broad factors out of modules' only."""
        return self.clean if profile.kind == MODULE else self.features

    @cached_property
    def usage(self) -> UsageReader:
        """Transcript usage in the samples of the fit, read when asked for."""
        return UsageReader(self.bundle, self.sample_ids)

    @property
    def transcript_ids(self) -> npt.NDArray[np.str_]:
        """Every transcript of the data set; none where it has no table of them."""
        table = self.bundle.tables.get("transcript")
        if table is None:
            return np.empty(0, dtype=np.str_)
        return table["transcript_id"].to_numpy(dtype=np.str_)

    @cached_property
    def gene_names(self) -> pd.Series[str]:
        """Readable name of each gene by id, the id where there is none."""
        ids = self.bundle.gene_ids
        return pd.Series(gene_names(self.bundle, ids), index=ids, dtype=str)

    @property
    def _clean_eigengenes(self) -> Floats:
        """Eigengenes orthogonal to what was taken out, see `clean`."""
        values: Floats = self.fit.eigengenes[list(self.sample_ids)].to_numpy(dtype=np.float64)
        if self.clean_design is self.features.design:
            return values
        rest = residualise(values, self.clean_design)
        size = np.sqrt(np.mean(np.square(rest), axis=1, keepdims=True))
        clean: Floats = rest / np.maximum(size, 1e-300)
        return clean

    @property
    def _programme_values(self) -> Floats:
        values: Floats = self.fit.programmes[list(self.sample_ids)].to_numpy(dtype=np.float64)
        return values


def open_source(fit: Fit, *, bundle: Bundle | Path | str | None = None) -> Source:
    """A fit with its data set, found by the path that the fit recorded.

    Args:
        fit: in memory, or from `read_fit`.
        bundle: the data set or its folder, where it has moved since.

    Raises:
        OutputError: the data set is not where it was, or is not the one of the fit.
    """
    told = fit.config["bundle"]
    if not isinstance(bundle, Bundle):
        bundle = _load(Path(told["path"] if bundle is None else bundle))
    if bundle.content_hash != told["content_hash"]:
        problem = Problem(
            str(bundle.path or bundle.name),
            f"is not what the fit was made of (content {bundle.content_hash[:12]}, the fit has "
            f"{str(told['content_hash'])[:12]})",
            fix="fit again, or name the right folder with --dataset-path",
        )
        raise OutputError("the fit cannot be explained", [problem])
    return Source(fit=fit, bundle=bundle, features=_features(fit, bundle))


def _load(path: Path) -> Bundle:
    if not path.is_dir():
        problem = Problem(
            str(path),
            "the data set of the fit is not there",
            fix="name its folder with --dataset-path",
        )
        raise OutputError("the fit cannot be explained", [problem])
    try:
        return load_bundle(path)
    except BundleError as error:
        raise OutputError(f"the data set of the fit cannot be read: {error}") from error


def _features(fit: Fit, bundle: Bundle) -> FeatureSet:
    scores = fit.feature_scores
    samples = bundle.samples.assign(sample_id=bundle.samples["sample_id"].astype(str))
    samples = samples[samples["sample_id"].isin(scores.columns)]
    config = fit.config
    record = {
        "covariates": config["covariates"],
        "categorical": config["categorical"],
        "traits": config["declared_traits"],
        "drop_missing": config["drop_missing"],
        "settings": config["settings"]["features"],
        **{name: config[name] for name in ("blocks", "ordered_levels") if name in config},
        **config["features"],
    }
    usable = fit.fates["gene_id"].isin(set(scores["gene_id"]))
    genes = fit.fates.assign(fate=fit.fates["fate"].mask(usable, None))
    return features_of_table(
        scores,
        samples=samples.sort_values("sample_id", ignore_index=True),
        genes=genes,
        record=record,
    )


def _sorted(ids: Iterable[object]) -> npt.NDArray[np.str_]:
    return np.array(sorted(str(name) for name in ids), dtype=np.str_)
