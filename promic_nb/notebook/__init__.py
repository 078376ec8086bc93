"""Notebooks as programs: their parameters, papermill engine and code dependencies."""
