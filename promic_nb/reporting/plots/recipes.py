"""Name, colour and marker of each model."""

from promic_nb.reporting.plots.style import Style

RECIPES = {
    "A": Style("Model A (reconstructed images)", "#1f77b4", "s"),
    "B": Style("Model B (base)", "#d62728", "X"),
    "C": Style("Model C (PD-FT)", "#ff7f0e", "P"),
    "D": Style("Model D (GDTT)", "#9467bd", "D"),
    "E": Style("Model E (GDTT, PD-FT)", "#8c564b", "<"),
    "F": Style("Model F (LRB)", "#e377c2", "^"),
    "G": Style("Model G (LRB, PD-FT)", "#7f7f7f", "v"),
    "H": Style("Model H (LRB, GDTT)", "#bcbd22", ">"),
    "ProMIC": Style("ProMIC", "#2ca02c", "o"),
}
