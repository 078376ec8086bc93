"""Detectors in stages, and the translator that stands in for the first two."""

from promic_nb.models.translator import DomainTranslator

__all__ = ["DomainTranslator"]
