"""Factors whose loadings are smooth over the graph of correlations, for the `graph` backend."""
