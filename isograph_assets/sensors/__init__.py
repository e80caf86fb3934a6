"""What happens when something changes: studies dropped in, data sets ready, runs failed."""

from isograph_assets.failures import record_failures
from isograph_assets.sensors.follow import fits_follow_data, reports_follow_scores
from isograph_assets.sensors.studies import studies_sensor

__all__ = [
    "SENSORS",
    "fits_follow_data",
    "record_failures",
    "reports_follow_scores",
    "studies_sensor",
]

SENSORS = (studies_sensor, fits_follow_data, reports_follow_scores, record_failures)
