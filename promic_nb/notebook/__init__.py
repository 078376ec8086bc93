"""Notebooks as programs: parameters, the papermill engine, the modules they depend on."""
