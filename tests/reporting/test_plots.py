"""Figures show what their tables hold."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from promic_nb.reporting.pages.probes import summary
from promic_nb.reporting.plots import detection, probes, rate_distortion, search
from promic_nb.reporting.style import use_style

COLUMNS = ["recipe", "bpp", "metric", "mean", "low", "high"]


@pytest.fixture
def ap():
    rows = [
        ("original", float("nan"), "AP50", 0.85, 0.8, 0.92),
        ("A", 0.4, "AP50", 0.75, 0.7, 0.82),
        ("A", 0.1, "AP50", 0.55, 0.5, 0.62),
        ("B", 0.1, "AP50", 0.2, 0.15, 0.24),
        ("B", 0.1, "AP75", 0.1, 0.05, 0.12),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_ap_over_rate(ap):
    (axis,) = detection.ap_over_rate(ap, ["AP50"], ["A", "B"]).axes
    handles, labels = axis.get_legend_handles_labels()
    assert labels == ["Original Images", "Model A (reconstructed images)", "Model B (base)"]
    assert list(handles[0].get_ydata()) == pytest.approx([85, 85])
    line = handles[1]
    assert list(line.get_xdata()) == [0.1, 0.4] and list(line.get_ydata()) == pytest.approx(
        [55, 75]
    )
    (band,) = axis.collections[0].get_paths()
    corners = {(round(x, 6), round(y, 6)) for x, y in band.vertices}
    assert corners == {(0.1, 50), (0.1, 62), (0.4, 70), (0.4, 82)}
    plt.close("all")


def many(recipes):
    rows = [(r, bpp, "AP50", 0.5, 0.4, 0.65) for r in recipes for bpp in (0.1, 0.4)]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_bars_of_many_models_stand_side_by_side():
    (axis,) = detection.ap_over_rate(many("ABCDEFGH"), ["AP50"], list("ABCDEFGH")).axes
    handles, _ = axis.get_legend_handles_labels()
    places = set()
    for handle in handles:
        line, _, (bars,) = handle.lines
        for x, segment in zip(line.get_xdata(), bars.get_segments(), strict=True):
            assert segment[:, 0].tolist() == [x, x]
            assert segment[:, 1].tolist() == pytest.approx([40, 65])
            places.add(x)
    assert len(places) == 16  # no two models at one place
    plt.close("all")


def test_without_intervals_there_are_lines_only(ap):
    bare = ap.assign(low=float("nan"), high=float("nan"))
    (axis,) = detection.ap_over_rate(bare, ["AP50"], ["A"]).axes
    assert list(axis.get_lines()[1].get_ydata()) == pytest.approx([55, 75])
    plt.close("all")


def test_there_is_a_panel_per_metric_and_only_requested_models(ap):
    figure = detection.ap_over_rate(ap, ["AP50", "AP75"], ["B"])
    assert [a.get_ylabel() for a in figure.axes] == ["AP50 (%)", "AP75 (%)"]
    assert figure.axes[0].get_legend_handles_labels()[1] == ["Original Images", "Model B (base)"]
    plt.close("all")


def test_a_long_legend_is_beside_the_panel():
    with plt.rc_context():
        use_style()
        figure = detection.ap_over_rate(many("ABCDEFGH"), ["AP50"], list("ABCDEFGH"))
        figure.draw_without_rendering()
    (legend,), (axis,) = figure.legends, figure.axes
    assert len(legend.get_texts()) == 8 and axis.get_legend() is None
    assert legend.get_window_extent().x0 >= axis.get_window_extent().x1
    plt.close("all")


def test_the_ranking_is_a_row_of_dots_for_each_model():
    rows = [
        ("ProMIC", -3.2, -4.4, -2.1, -1.6, -3.0, 0.2, -0.5),
        ("B", -30.7, -33.0, -27.0, -28.4, -31.0, -25.0, -15.41),
    ]
    names = ["recipe", "bd_pp", "low", "high", "bd_11_pp", "low_11", "high_11", "published_pp"]
    order = pd.DataFrame(rows, columns=names)
    (axis,) = detection.bd_ap_ranking(order).axes
    assert [t.get_text() for t in axis.get_yticklabels()] == ["ProMIC", "Model B (base)"]
    handles, labels = axis.get_legend_handles_labels()
    assert set(labels) == {"101 recall points", "11 recall points", "published"}
    own = handles[labels.index("101 recall points")].lines
    assert list(own[0].get_xdata()) == [-3.2, -30.7]
    assert own[2][0].get_segments()[0][:, 0].tolist() == pytest.approx([-4.4, -2.1])
    text = detection.ranking_in_words(order.assign(low=[-4.4, float("nan")]))
    assert text.endswith("from the top: ProMIC -3.2 (interval -4.4 to -2.1), B -30.7.")
    plt.close("all")


def test_alternative_text_orders_the_models(ap):
    text = detection.ap_in_words(ap, ["AP50"], ["A", "B"])
    assert "AP50: original 85.0, A 65.0, B 20.0." in text and text.startswith("Line chart")


def test_importances_are_sorted_from_the_largest():
    rows = [
        ("B", "low", "batch", 0.3),
        ("B", "low", "base_lr", 0.7),
        ("B", "high", "batch", 0.1),
        ("B", "high", "base_lr", 0.9),
    ]
    table = pd.DataFrame(rows, columns=["recipe", "rate", "parameter", "importance"])
    (axis,) = search.importances(table).axes
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        "SOLVER.BASE_LR",
        "SOLVER.IMS_PER_BATCH",
    ]
    assert [t.get_text() for t in axis.get_legend().get_texts()] == ["B, low", "B, high"]
    plt.close("all")


def test_cross_rate_has_a_row_for_each_training_rate():
    rows = [
        ("ProMIC", a, b, bpp, 0, "AP50", v)
        for a, b, bpp, v in (
            ("x", "x", 0.1, 0.8),
            ("x", "y", 0.2, 0.1),
            ("y", "x", 0.1, 0.0),
            ("y", "y", 0.2, 0.9),
        )
    ]
    table = pd.DataFrame(
        rows, columns=["recipe", "trained", "tested", "bpp", "seed", "metric", "value"]
    )
    (axis,) = probes.cross_rate(table).axes
    assert [t.get_text() for t in axis.texts] == ["80.0", "10.0", "0.0", "90.0"]
    assert [t.get_text() for t in axis.get_xticklabels()] == ["x\n0.10 bpp", "y\n0.20 bpp"]
    plt.close("all")


@pytest.fixture
def quality():
    """Two settings of HEVC and one of a codec of another package, on two data sets."""
    rows = [
        (dataset, codec, setting, bpp, "psnr", value + 10 * (dataset == "mine"))
        for dataset in ("lucchi", "mine")
        for codec, setting, bpp, value in (
            ("foreign", "a", 0.3, 36.0),
            ("hevc", "b", 0.4, 40.0),
            ("hevc", "a", 0.1, 30.0),
            ("hevc", "a", 0.3, 34.0),
        )
    ]
    return pd.DataFrame(rows, columns=["dataset", "codec", "setting", "bpp", "metric", "value"])


def test_quality_over_rate_shows_every_codec_including_those_of_other_packages(quality):
    here = quality[quality.dataset == "lucchi"]
    (axis,) = rate_distortion.rate_quality(here, {"psnr": "PSNR (dB)"}).axes
    known, foreign = axis.get_lines()
    assert (known.get_label(), foreign.get_label()) == ("HEVC intra", "foreign")
    assert list(known.get_xdata()) == pytest.approx([0.2, 0.4])  # means of the setting's slices
    assert list(known.get_ydata()) == pytest.approx([32, 40])
    assert list(foreign.get_ydata()) == [36] and foreign.get_marker() != "None"
    plt.close("all")


def test_floors_are_drawn_beside_the_codecs_and_lossless_rates_noted(quality):
    rows = [("noise floor", 30.0, 0.0), ("noise floor", 36.0, 0.2), ("noise floor", 90.0, 9.0)]
    rows += [("lossless PNG", float("nan"), 4.5)]
    floors = pd.DataFrame(rows, columns=["kind", "psnr_db", "bpp"])
    here = quality[quality.dataset == "lucchi"]
    (axis,) = rate_distortion.rate_quality(here, {"psnr": "PSNR (dB)"}, floors).axes
    floor = axis.get_lines()[-1]
    assert floor.get_label() == "noise floor" and list(floor.get_xdata()) == [0.2, 9.0]
    assert axis.get_xlim()[1] < 1 and axis.get_ylim()[1] < 45  # the codecs' range stays
    assert axis.get_title(loc="right") == "lossless PNG 4.50 bpp"
    plt.close("all")


def test_colour_distinguishes_data_sets_and_marker_codecs(quality):
    (axis,) = rate_distortion.rate_quality_of_datasets(quality, "psnr", "PSNR (dB)").axes
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    assert labels == ["Lucchi++", "mine", "HEVC intra", "foreign"]
    looks = {(line.get_color(), line.get_marker()) for line in axis.get_lines()}
    assert len(looks) == 4
    assert len({colour for colour, _ in looks}) == len({marker for _, marker in looks}) == 2
    plt.close("all")


def test_cost_is_the_median_over_slices():
    rows = [("jpeg", "a", 0.5, s, 2 * s, 10.0, 20.0) for s in (1.0, 2.0, 9.0)]
    columns = ["codec", "setting", "bpp", "encode_s", "decode_s", "encode_mb", "decode_mb"]
    axes = rate_distortion.coding_cost(pd.DataFrame(rows, columns=columns)).axes
    assert [axis.get_lines()[0].get_ydata()[0] for axis in axes] == [2, 4, 10, 20]
    assert axes[0].get_ylabel() == "encoding (s)" and axes[0].get_yscale() == "log"
    plt.close("all")


def test_correlations_have_a_band_over_seeds():
    """Three seeds with constant correlations 0.1, 0.2, 0.3: mean 0.2 and the interval of Student's
    t with two degrees of freedom, 4.303 * 0.1 / sqrt(3) wide to each side.
    """
    table = pd.DataFrame(
        [
            (model, stage, channel, 0.1 * (seed + 1) + shift, seed)
            for model, shift in (("full", 0.0), ("translator", 0.5))
            for stage in (3, 4)
            for channel in range(4)
            for seed in range(3)
        ],
        columns=["model", "stage", "channel", "correlation", "seed"],
    )
    figure = probes.feature_correlation(table)
    (full, alone), bands = figure.axes[0].lines, figure.axes[0].collections
    assert full.get_ydata() == pytest.approx([0.2] * 4)
    assert alone.get_label() == "translator alone" and alone.get_ydata() == pytest.approx([0.7] * 4)
    heights = bands[0].get_paths()[0].vertices[:, 1]
    assert heights.max() - 0.2 == pytest.approx(4.303 * 0.1 / 3**0.5, rel=1e-3)
    found = summary(table).set_index(["stage", "model"])
    assert found.loc[(3, "full"), "mean"] == pytest.approx(0.2)
    assert found.loc[(3, "full"), "high"] == pytest.approx(0.2 + 4.303 * 0.1 / 3**0.5, rel=1e-3)
    assert (found.seeds == 3).all() and (found["count"] == 4).all()
    one = summary(table[table.seed == 0])
    assert one.low.isna().all() and one["mean"].notna().all()
