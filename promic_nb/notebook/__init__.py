"""Notebooks as programs: their parameters, the papermill engine, the modules that they depend on."""
