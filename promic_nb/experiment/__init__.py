"""Profiles, and the parameters of each job in the workflow."""
