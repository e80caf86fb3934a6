"""The frontier fixtures, family by family, with their names."""

from __future__ import annotations

from dataclasses import replace

from isograph.simulation.frontier import FrontierSpec

SUITE = "frontier_v1"


def _spec(family: str, point: str, **changes: object) -> FrontierSpec:
    plain = FrontierSpec(f"{family}-{point}", SUITE, family)
    return replace(plain, **changes)  # type: ignore[arg-type]


FRONTIER: tuple[FrontierSpec, ...] = (
    _spec("no_harm", "rho0.50", latent_correlation=0.5),
    _spec("no_harm", "trait1.0", trait_strength=1.0),
    _spec("no_harm", "nothing"),
    *(_spec("cell_types", f"c{sd:.2f}", cell_type_sd=sd) for sd in (0.5, 1.0)),
    *(_spec("correlated", f"rho{rho:.2f}", latent_correlation=rho) for rho in (0.65, 0.8)),
    *(_spec("overlap", f"p{chance:.2f}", second_module=chance) for chance in (0.3, 0.6)),
    *(
        _spec("small_n", f"n{n}", n_genes=2000, n_planted=300, noise_sd=0.7, n_samples=n)
        for n in (20, 30, 40, 50)
    ),
    *(_spec("weak", f"noise{noise:.1f}", noise_sd=noise) for noise in (1.5, 2.0)),
    *(_spec("dropout", f"p{chance:.2f}", mean=10.0, dropout=chance) for chance in (0.3, 0.5)),
    *(_spec("ambiguity", f"share{share:.2f}", ambiguous_share=share) for share in (0.5, 0.8)),
)
"""Every family at every strength; `no_harm-nothing` is the plain data set that all others vary."""
