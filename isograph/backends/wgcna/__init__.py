"""Weighted correlation networks (WGCNA): the published method, from its papers."""
