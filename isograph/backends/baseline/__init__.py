"""Sparse partial correlation with shrinkage, for the `baseline` backend."""
