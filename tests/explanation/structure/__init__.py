"""Tests of structural labels."""
