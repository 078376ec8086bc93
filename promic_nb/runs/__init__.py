"""A run's folder, the provenance of its contents, and tools to inspect it afterwards."""
