"""Detectors in stages, and the translator that stands in for the first two."""
