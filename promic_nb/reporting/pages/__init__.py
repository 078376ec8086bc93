"""One module for each notebook: its figures and readable tables, drawn from tidy tables."""
