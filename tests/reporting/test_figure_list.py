"""The figures of AP over rate, held to the dissertation's list of figures."""

from promic_nb.models.recipes import COMPARISONS
from promic_nb.reporting.figure_list import ap_figures

ALL = ["A", "B", "C", "D", "E", "F", "G", "H", "ProMIC"]


def test_a_complete_run_draws_every_printed_figure():
    figures = {f.name: f for f in ap_figures(ALL, COMPARISONS, singles=False)}
    assert list(figures) == [
        "ap50_over_rate",
        "ap75_over_rate",
        "ap_all",
        "ap_b_f",
        "ap_b_c",
        "ap_f_g",
        "ap_b_d",
        "ap_f_h",
        "ap_d_e",
        "ap_h_promic",
    ]
    first, last = figures["ap_b_f"], figures["ap_h_promic"]
    assert first.recipes == ["A", "B", "F"] and last.recipes == ["A", "H", "ProMIC"]
    assert first.what == "models B and F: the effect of LRB (as Figs. 36, 37 and 64-69)"
    assert last.what.endswith("PD-FT after GDTT, with LRB (as Figs. 48, 49 and 100-105)")
    assert figures["ap_all"].what == "all models" and len(figures["ap_all"].metrics) == 6


def test_single_panels_name_the_corresponding_printed_figures():
    figures = {f.name: f for f in ap_figures(ALL, COMPARISONS, singles=True)}
    assert len(figures) == 10 + 8 * 6
    assert figures["panels/ap50_b_c"].what.endswith("(as Fig. 38 and Fig. 70)")
    assert figures["panels/apl_b_c"].what.endswith("(as Fig. 74)")
    assert figures["panels/ap_all"].what == "all models"
    assert figures["panels/ap_all"].metrics == ["AP"]


def test_a_run_with_few_models_draws_the_figures_it_can():
    names = [f.name for f in ap_figures(["A", "B", "D"], COMPARISONS, singles=False)]
    assert names == ["ap50_over_rate", "ap75_over_rate", "ap_all", "ap_b_d"]
