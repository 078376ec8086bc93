"""Figures in the house style, tables of the ablation, and a run's report."""
