"""A run's folder, the provenance of what is in it, and what can be asked of it afterwards."""
