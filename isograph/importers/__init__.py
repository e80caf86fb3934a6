"""Other tools' files to bundles: what `isograph import` does (`cohort`, `table`)."""
