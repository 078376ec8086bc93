"""Figures in the house style.

There is one module per group of pages, so that a change in one figure reruns only the pages that
draw it.

Functions take tables, never models.
"""
