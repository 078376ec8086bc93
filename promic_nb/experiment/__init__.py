"""Profiles, and what each job of the workflow runs with which parameters."""
