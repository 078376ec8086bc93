"""The house style of figures, apart from the plots: a page that sets it does not depend on them."""

import seaborn as sns


def use_style() -> None:
    """Set the house style: white, light grid, sizes for a 9-inch page."""
    sns.set_theme(
        context="paper",
        style="whitegrid",
        rc={
            "figure.constrained_layout.use": True,
            "legend.frameon": False,
            "savefig.bbox": "tight",
            "svg.hashsalt": "promic",
            "font.size": 9,
        },
    )
