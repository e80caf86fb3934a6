"""How assets are stored: the library's own files, each written whole or not at all."""

from isograph_assets.io_managers.quality import QualityIOManager
from isograph_assets.io_managers.reports import (
    KIND,
    Report,
    ReportIOManager,
    StabilityIOManager,
    SuiteReportIOManager,
    write_report,
)
from isograph_assets.io_managers.stored import (
    BundleIOManager,
    ExplanationIOManager,
    FeaturesIOManager,
    FitIOManager,
    MetricsIOManager,
    Pictured,
)

__all__ = [
    "KIND",
    "BundleIOManager",
    "ExplanationIOManager",
    "FeaturesIOManager",
    "FitIOManager",
    "MetricsIOManager",
    "Pictured",
    "QualityIOManager",
    "Report",
    "ReportIOManager",
    "StabilityIOManager",
    "SuiteReportIOManager",
    "write_report",
]
