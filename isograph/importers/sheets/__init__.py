"""Sample sheets as people keep them, beside the samples that were quantified."""
