"""What the principal components of a cohort go with among its sample columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from isograph.features.design import intercept_only
from isograph.modules.traits import module_traits
from isograph.quality.model import Components, SampleColumn
from isograph.quality.tables import ASSOCIATIONS


def component_associations(
    components: Components, columns: Sequence[SampleColumn], samples: pd.DataFrame
) -> pd.DataFrame:
    """Test every component against every column, without covariates, as modules are tested.

    Args:
        components: over the samples in the order of the table.
        columns: usable ones.
        samples: sample table.

    Returns:
        A row a component and column: `component`, `column`, `role`, `test` (`pearson`, `welch`,
        `anova`), `r2` (share of the component's variance), `pvalue`, `qvalue` (Benjamini–Hochberg
        over all rows), `n`. Sorted by component, then p.
    """
    if not len(components.shares) or not columns:
        return pd.DataFrame(columns=ASSOCIATIONS.names)
    ids = samples["sample_id"].astype(str).tolist()
    sizes = np.sqrt(np.mean(np.square(components.scores), axis=1, keepdims=True))
    tests = module_traits(
        components.scores / sizes,
        module_ids=components.names,
        traits=[column.trait for column in columns],
        samples=samples,
        design=intercept_only(len(ids), sample_ids=ids),
    )
    roles = {column.name: str(column.role) for column in columns}
    tests = tests.rename(columns={"module_id": "component", "trait": "column"})
    tests["role"] = tests["column"].map(roles)
    tests["r2"] = np.square(tests["r"])
    order = tests["component"].map({name: i for i, name in enumerate(components.names)})
    tests = tests.assign(_order=order)
    tests = tests.sort_values(["_order", "pvalue", "column"], kind="stable", ignore_index=True)
    told: pd.DataFrame = tests[ASSOCIATIONS.names]
    return told
