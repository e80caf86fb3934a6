"""Broad factors: directions of variation that members of several modules share."""
