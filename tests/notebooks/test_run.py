"""Every notebook through papermill, on the tiny phantom, in the order of their numbers."""

import json
from pathlib import Path

import nbclient
import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest
from PIL import Image
from traitlets.config import Config

from promic_nb.notebook import parameters
from promic_nb.reporting.publish import publish
from promic_nb.reporting.redraw import redraw
from promic_nb.runs.layout import RunFolder

pytestmark = pytest.mark.notebook
# As %reset, which however takes away __spec__, without which no process pool can start.
RESET = """
import matplotlib.pyplot
matplotlib.pyplot.close("all")
matplotlib.pyplot.rcdefaults()
kept = {"In", "Out", "exit", "get_ipython", "open", "quit"}
for name in [n for n in globals() if n not in kept and not n.startswith("_")]:
    del globals()[name]
globals().get("__annotations__", {}).clear()
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("project") / "data" / "runs" / "interactive" / "phantom"


@pytest.fixture(scope="module")
def shared_kernel(project, tmp_path_factory):
    """One kernel for most notebooks: to start it and to import torch takes longer than most of
    them. Returns a function that empties its namespace and gives the options that make papermill
    use it.
    """
    config = Config(
        {"KernelManager": {"transport": "ipc", "ip": str(tmp_path_factory.mktemp("k") / "k")}}
    )
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(RESET)])
    place = {"metadata": {"path": str(project)}}
    options = {"kernel_name": "python3", "resources": place, "config": config}
    owner = nbclient.NotebookClient(page, **options)

    def reset() -> dict:
        nbclient.NotebookClient(page, km=owner.km, **options).execute()
        return {"km": owner.km}

    with owner.setup_kernel():
        yield reset


@pytest.fixture(scope="module")
def execute(project, out, shared_kernel, tiny_root):
    (out / "notebooks").mkdir(parents=True)

    def run(name: str, *, own_kernel: bool = False, **values):
        source = project / "notebooks" / f"{name}.ipynb"
        places = {"tables": out / "tables", "figures": out / "figures", "data": tiny_root}
        declared = parameters.declared(source).model_fields
        given = {k: str(v) for k, v in places.items() if k in declared} | values
        papermill.execute_notebook(
            source,
            out / "notebooks" / f"{name}.ipynb",
            given,
            engine_name="promic",
            cwd=project,
            progress_bar=False,
            **({} if own_kernel else shared_kernel()),
        )

    return run


def test_00_quickstart(execute, out):
    """With two iterations of training in a kernel of its own; then again from what that kept."""
    for own in (True, False):
        execute(
            "00_quickstart",
            own_kernel=own,
            gains=[-500, 500],
            steps=2,
            crop=64,
            channels=1,
            folder=str(out / "quickstart"),
        )
        assert (out / "figures" / "quickstart.png").is_file()
    (kept,) = (out / "quickstart").iterdir()
    assert {p.name for p in kept.iterdir()} == {
        "decoded.safetensors",
        "latent.safetensors",
        "latents",
    }
    page = json.loads((out / "notebooks" / "00_quickstart.ipynb").read_text())
    shown = [o["data"] for c in page["cells"] for o in c.get("outputs", []) if "data" in o]
    assert any("application/vnd.jupyter.widget-view+json" in data for data in shown)
    widgets = {
        s["model_name"]: s["state"]
        for s in page["metadata"]["widgets"].popitem()[1]["state"].values()
    }
    rates = [
        float(label.split()[0]) for label in widgets["SelectionSliderModel"]["_options_labels"]
    ]
    assert len(rates) == 2 and rates[0] < rates[1]
    assert (
        len(widgets["StackModel"]["children"]) == 2
        and widgets["LinkModel"]["target"][1] == "selected_index"
    )
    # nbclient answers an Output widget while it waits for the cell's reply, and can lose that
    # reply.
    assert "OutputModel" not in widgets


def test_01_dataset(execute, out, tiny):
    execute("01_dataset")
    table = pd.read_parquet(out / "tables" / "table2.parquet")
    assert table.set_index(["split", "size"]).published["train", "medium"] == 1649
    assert (out / "figures" / "samples.png").is_file()
    split = pd.read_parquet(out / "tables" / "split_mitochondria.parquet").set_index("split")
    parts, whole = split.loc[["train", "val", "test"]], split.loc["all"]
    assert (whole.before, whole.added) == (parts.before.sum(), parts.added.sum())
    assert whole.before > 0
    assert whole.gained_percent == pytest.approx(100 * whole.added / whole.before)


def test_02_train_codec(execute, out):
    execute("02_train_codec", own_kernel=True, folder=str(out / "codec"))
    assert (out / "codec" / "jpegai_beta0.01.safetensors").stat().st_size < 12e6


@pytest.mark.parametrize(
    ("codec", "settings"),
    [
        ("jpeg", [{"quality": q} for q in (5, 15, 40, 80)]),
        ("hevc", [{"qp": q} for q in (44, 38, 32, 26)]),
        ("jpegai_bop_off", [{"beta": 0.02}, {"target_bpp": [0.3]}]),
    ],
)
def test_03_codec_benchmark(execute, out, codec, settings):
    execute("03_codec_benchmark", codec=codec, settings=settings, every=1)
    table = pd.read_parquet(out / "tables" / f"benchmark_{codec}.parquet")
    assert len(table) == 2 * len(settings) * 4
    assert table.value.notna().all() and (table.bpp == 8 * table.bytes / 256**2).all()
    assert (table[["encode_s", "decode_s", "overhead_bytes"]] > 0).all(axis=None)
    assert table.target_bpp.notna().sum() == 2 * 4 * sum("target_bpp" in s for s in settings)


def test_04_rate_distortion(execute, out):
    tables = [out / "tables" / f"benchmark_{c}.parquet" for c in ("jpeg", "hevc", "jpegai_bop_off")]
    other = out / "elsewhere.parquet"
    pd.read_parquet(tables[0]).assign(dataset="lucchi").to_parquet(other)
    execute(
        "04_rate_distortion",
        benchmarks=[*map(str, tables), str(other)],
        references=["jpeg", "hevc"],
    )
    bd = (
        pd.read_parquet(out / "tables" / "bd_rate.parquet")
        .set_index(["reference", "codec", "metric"])
        .sort_index()
    )
    assert bd.bd_rate_percent["jpeg", "jpeg", "psnr"] == pytest.approx(0, abs=1e-9)
    assert (
        bd.bd_rate_percent["jpeg", "hevc", "psnr"] < 0 < bd.bd_rate_percent["hevc", "jpeg", "psnr"]
    )
    assert "2 points" in bd.reason["jpeg", "jpegai_bop_off", "psnr"]
    assert bd.low.isna().all() and bd.no_interval["jpeg", "hevc", "psnr"].endswith("8 are needed")
    floors = pd.read_parquet(out / "tables" / "rate_floors.parquet")
    lossless = floors[floors.psnr_db.isna()].set_index("kind").bpp
    assert 0 < lossless["lossless JPEG XL"] < lossless["lossless PNG"] < 8
    bounds = floors.dropna(subset=["psnr_db"]).pivot_table(
        index="psnr_db", columns="kind", values="bpp"
    )
    assert (bounds["noise floor"] <= bounds["stationary-Gaussian reference"] + 0.02).all()
    cost = pd.read_parquet(out / "tables" / "coding_cost.parquet").set_index("codec")
    assert cost.encode_mpixel_s["jpeg"] > cost.encode_mpixel_s["hevc"] > 0
    for figure in ("rate_distortion", "coding_cost_plot", "rd_psnr", "rd_nlpd", "rd_datasets_psnr"):
        assert (out / "figures" / f"{figure}.png").is_file()


def test_05_latents(execute, out):
    execute(
        "05_latents",
        settings={"beta": 0.02},
        train_every=1,
        test_every=1,
        val_every=1,
        folder=str(out / "latents" / "low"),
    )
    assert (out / "latents" / "low" / "test" / "signature.json").is_file()
    assert (pd.read_parquet(out / "tables" / "rates_low.parquet").bpp > 0).all()


def model(out, recipe: str, rate: str = "low") -> Path:
    return out / "models" / recipe / rate / "seed0"


@pytest.mark.parametrize("recipe", ["original", "A"])
def test_07_pixel_detectors(execute, out, recipe):
    rate = "pixels" if recipe == "original" else "low"
    start = (
        "" if recipe == "original" else str(model(out, "original", "pixels") / "model.safetensors")
    )
    execute(
        "07_train_detector",
        recipe=recipe,
        rate=rate,
        start=start,
        latents="" if recipe == "original" else str(out / "latents" / "low"),
        steps=4,
        crop=128,
        train_every=1,
        test_every=1,
        folder=str(model(out, recipe, rate)),
    )
    names = {"AP", "AP50", "AP75", "APs", "APm", "APl"}
    assert set(pd.read_parquet(model(out, recipe, rate) / "ap.parquet").metric) == names | {
        f"{n} (voc11)" for n in names
    }


def test_06_guided_translator(execute, out):
    execute(
        "06_guided_translator",
        teacher=str(model(out, "A") / "model.safetensors"),
        latents=str(out / "latents" / "low"),
        steps=3,
        crop=128,
        folder=str(model(out, "translator-lrb")),
    )
    assert (model(out, "translator-lrb") / "model.safetensors").is_file()


@pytest.mark.parametrize("recipe", ["C", "H", "ProMIC"])
def test_07_latent_detectors(execute, out, recipe):
    translator = "" if recipe == "C" else str(model(out, "translator-lrb") / "model.safetensors")
    execute(
        "07_train_detector",
        recipe=recipe,
        rate="low",
        start=str(model(out, "A") / "model.safetensors"),
        translator=translator,
        latents=str(out / "latents" / "low"),
        steps=4,
        crop=128,
        folder=str(model(out, recipe)),
    )
    assert pd.read_parquet(model(out, recipe) / "ap.parquet").bpp.notna().all()


@pytest.mark.real_data
def test_vm33_by_parameter(execute, out, vm33_folder, monkeypatch):
    """The same notebooks on a codec of 128 channels: benchmark, latents, and a detector on them."""
    monkeypatch.setenv("PROMIC_VM33", str(vm33_folder))
    # Kernels of their own: the shared one does not see the variable. Tables of their own: 04 has
    # drawn its figures without this codec.
    tables = out / "vm33" / "tables"
    execute(
        "03_codec_benchmark",
        own_kernel=True,
        codec="jpegai_vm33",
        settings=[{}, {"gain": 443}],
        every=1,
        tables=str(tables),
    )
    assert set(pd.read_parquet(tables / "benchmark_jpegai_vm33.parquet").setting) == {
        "vm3.3",
        "vm3.3 gain=443",
    }
    latents = out / "latents" / "vm33"
    execute(
        "05_latents",
        own_kernel=True,
        codec="jpegai_vm33",
        settings={"gain": 0},
        rate="vm33",
        train_every=1,
        test_every=1,
        folder=str(latents),
    )
    assert np.load(latents / "test" / "latents.npy").shape[1] == 128
    start, folder = str(model(out, "A") / "model.safetensors"), out / "vm33"
    execute(
        "07_train_detector",
        recipe="B",
        rate="vm33",
        start=start,
        latents=str(latents),
        steps=2,
        crop=128,
        folder=str(folder),
    )
    assert pd.read_parquet(folder / "ap.parquet").bpp.notna().all()


def test_08_detection(execute, out):
    results = [str(p) for p in sorted((out / "models").glob("*/*/seed0/ap.parquet"))]
    rows = [{"study": "s", "setting": "a_b % & c", "published": "1", "here": "2"}]
    execute("08_detection", results=results, differences=rows)
    found = pd.read_parquet(out / "tables" / "differences.parquet")
    assert found.to_dict("records") == rows
    assert r"a\_b \% \& c" in (out / "tables" / "differences.tex").read_text()
    bd = pd.read_parquet(out / "tables" / "bd_ap.parquet")
    assert set(bd.recipe) == {"C", "H", "ProMIC"}
    assert bd.bd_pp.isna().all()
    assert pd.read_parquet(out / "tables" / "falls_at_highest_rate.parquet").empty
    assert (
        bd.query("metric == 'AP50'").reason.str.contains("1 points").all()
    )  # one rate is no curve
    order = pd.read_parquet(out / "tables" / "table6.parquet").recipe.unique()
    assert (
        list(order) == ["B", "C", "D", "E", "F", "G", "H", "ProMIC"]
        and pd.read_parquet(out / "tables" / "ranking.parquet").empty
    )
    pairs = pd.read_parquet(out / "tables" / "ap_differences.parquet").query("metric == 'AP50'")
    assert {*zip(pairs.model, pairs.against, strict=True)} >= {("C", "A"), ("ProMIC", "H")}
    assert (pairs.blocks == 1).all() and pairs.difference_pp.notna().all()
    assert (pairs.no_interval == "1 block of slices, 8 are needed").all()
    assert (out / "figures" / "ap_h_promic.png").is_file() and not (
        out / "figures" / "panels"
    ).exists()


def test_09_conformance(execute, out):
    execute("09_conformance")
    table = pd.read_parquet(out / "tables" / "conformance.parquet")
    assert table.ok.all() and table.value.notna().all()
    assert {"psnr", "vmaf", "vif_wavelet", "AP50 (voc11)", "BD-rate"} <= set(table.metric)


def test_10_complexity(execute, out):
    execute("10_complexity", proposals=10, timed_height=128, timed_width=128)
    table8 = pd.read_parquet(out / "tables" / "table8.parquet").set_index("translator")
    assert table8.gmac.round(2).to_dict() == {"base": 33.52, "lrb": 33.60}
    table7 = pd.read_parquet(out / "tables" / "table7.parquet").set_index("model")
    assert table7.delta_percent["A"] == 0 and table7.gmac["ProMIC"] < table7.gmac["A"]
    decoder = pd.read_parquet(out / "tables" / "decoder_complexity.parquet")
    assert decoder.groupby("op").gmac.nunique().to_dict() == {"bop": 1, "hop": 1}
    assert decoder.bpp.nunique() == len(decoder) == 6
    timing = pd.read_parquet(out / "tables" / "timing.parquet")
    assert set(timing.way) == {"A, HOP", "A, BOP", "ProMIC"} and (timing.seconds > 0).all()
    assert {"entropy decoding", "hyperprior", "context", "translator", "box head"} <= set(
        timing[timing.way == "ProMIC"].part
    )


def test_11_transform_coding(execute, out):
    execute("11_transform_coding", qualities=[50], shares=[0.1, 0.2], blocks=[8, 0], crop=128)
    sizes = pd.read_parquet(out / "tables" / "transform_jpeg.parquet").set_index("transform")
    assert (
        sizes.equal_scan["integer"]
        and sizes.equal_image["integer"]
        and (sizes.difference_percent.abs() < 2).all()
    )
    kept = pd.read_parquet(out / "tables" / "transform_threshold.parquet").pivot_table(
        index=["block", "share"], columns="transform", values="mse"
    )
    assert (kept.DCT < kept.DFT).all()


def test_12_train_deblocking(execute, out):
    for trained_on in ("75", "random"):
        execute(
            "12_train_deblocking",
            network="xception",
            trained_on=trained_on,
            steps=2,
            batch=2,
            every=8,
            qualities=[25, 75],
            folder=str(out / "deblocking" / "xception" / "mse" / trained_on / "seed0"),
        )
    results = pd.read_parquet(
        out / "deblocking" / "xception" / "mse" / "75" / "seed0" / "results.parquet"
    )
    assert set(results.metric) == {"mae", "mse", "psnr_db", "ssim"} and set(results["size"]) == {
        "full",
        "centre",
    }


def test_13_deblocking(execute, out):
    execute(
        "13_deblocking",
        shown=[25, 75],
        results=[str(p) for p in sorted((out / "deblocking").rglob("results.parquet"))],
    )
    summary = pd.read_parquet(out / "tables" / "deblocking_summary.parquet")
    assert set(summary.trained_on) == {"75", "random"} and summary.reference.notna().all()
    assert len(pd.read_parquet(out / "tables" / "deblocking_networks.parquet")) == 9
    worse = pd.read_parquet(out / "tables" / "deblocking_outliers.parquet")
    assert worse.worse_percent.between(0, 100).all() and len(worse) == 2 * 2 * 4
    assert (out / "figures" / "deblocking_change.png").is_file()


def test_14_latent_learning_train(execute, out):
    for rate, beta in (("0.30", 300.0), ("0.72", 1000.0)):
        execute(
            "14_latent_learning_train",
            rate=rate,
            beta=beta,
            codec_width=8,
            codec_steps=4,
            steps=2,
            batch=4,
            sides=[48, 64],
            train_every=2,
            test_every=1,
            large=True,
            folder=str(out / "latent_learning" / rate),
        )
    learned = pd.read_parquet(out / "latent_learning" / "0.30" / "learned.parquet")
    assert set(learned.task) == {"classification", "segmentation"}
    assert learned.query("metric != 'top5'").value.between(0, 1).all()


def test_15_latent_learning(execute, out):
    execute(
        "15_latent_learning",
        results=[str(out / "latent_learning" / rate) for rate in ("0.30", "0.72")],
    )
    gains = pd.read_parquet(out / "tables" / "latent_learning_gains.parquet")
    assert set(gains.rate) == {"0.30", "0.72", "mean"} and gains.gain_pp.notna().all()
    assert "variable - middle" in set(gains.comparison)
    networks = pd.read_parquet(out / "tables" / "latent_learning_networks.parquet").set_index(
        "network"
    )
    assert networks.layers.to_dict() == {
        "resnet41": 41,
        "mobilenetv2_45": 45,
        "resnet49": 49,
        "resnet50": 50,
        "mobilenetv2": 53,
    }
    assert (out / "figures" / "rate_term_plot.png").is_file()


def test_16_multitask_train(execute, out):
    execute(
        "16_multitask_train",
        class_side=32,
        class_steps=1,
        face_steps=1,
        batch=2,
        width=0.05,
        test_limit=8,
        folder=str(out / "multitask"),
    )
    faces = pd.read_parquet(out / "multitask" / "faces.parquet")
    assert set(faces.stage) == {"one by one", "together"} and faces.value.notna().all()


def test_17_multitask(execute, out):
    execute("17_multitask", results=str(out / "multitask"))
    table = pd.read_parquet(out / "tables" / "multitask_classification.parquet")
    assert (
        set(table.framework) == {"framework1", "framework2"} and table.percent.between(0, 100).all()
    )
    assert (out / "figures" / "multitask_course.png").is_file()


def test_19_features(execute, out):
    paths = {
        name: str(model(out, recipe) / "model.safetensors")
        for name, recipe in (("reference", "A"), ("full", "ProMIC"), ("translator", "C"))
    }
    execute(
        "19_features",
        **paths,
        latents=str(out / "latents" / "low"),
        every=1,
        folder=str(out / "features" / "low" / "seed0"),
    )
    table = pd.read_parquet(out / "features" / "low" / "seed0" / "feature_correlation.parquet")
    assert table.groupby(["model", "stage"]).size().to_dict() == {
        (m, s): n for m in ("full", "translator") for s, n in ((3, 32), (4, 64))
    }
    assert table.correlation.dropna().between(-1, 1).all()


@pytest.mark.parametrize("recipe", ["A", "ProMIC"])
def test_20_cross_rate(execute, out, recipe):
    latents = {rate: str(out / "latents" / "low") for rate in ("low", "other")}
    folder = out / "cross_rate" / recipe / "seed0"
    execute(
        "20_cross_rate",
        recipe=recipe,
        models={"low": str(model(out, recipe) / "model.safetensors")},
        latents=latents,
        every=1,
        folder=str(folder),
    )
    table = pd.read_parquet(folder / "cross_rate.parquet").set_index(["tested", "metric"]).value
    known = pd.read_parquet(model(out, recipe) / "ap.parquet").set_index("metric").value
    assert table["low", "AP50"] == table["other", "AP50"] == pytest.approx(known["AP50"])


def test_21_probes(execute, out):
    full, alone = (str(model(out, recipe) / "ap.parquet") for recipe in ("ProMIC", "C"))
    starts = {"pixels": full, "coco": alone}
    execute("21_probes", full=[full], alone=[alone], starts=starts)
    compared = pd.read_parquet(out / "tables" / "frozen_stages.parquet").set_index("metric")
    known = pd.read_parquet(alone).set_index("metric").value
    assert compared.alone.dropna().to_dict() == known.dropna().to_dict()
    begun = pd.read_parquet(out / "tables" / "starting_weights.parquet")
    assert set(begun.start) == {"pixels", "coco"} and "AP50" in set(begun.metric)
    summary = pd.read_parquet(out / "tables" / "features.parquet")
    assert (summary["count"] + summary.constant).to_list() == [32, 64, 32, 64]
    pairs = pd.read_parquet(out / "tables" / "cross_rate_differences.parquet")
    assert pairs.empty and "low" in pairs.columns  # no model was trained at the other rate
    for figure in ("feature_correlation_plot", "feature_means", "cross_rate_plot"):
        assert (out / "figures" / f"{figure}.png").is_file()


@pytest.mark.parametrize(
    ("variant", "options"),
    [
        ("channels", {"channels": 16, "channel_choice": "importance"}),
        ("one-model", {"rate_input": "affine", "rates": ["low", "same"]}),
        ("guidance", {"guidance": 0.5}),
        ("masks", {"masks": True}),
    ],
)
def test_06_and_07_extensions(execute, out, variant, options):
    latents, folder, guided = (
        str(out / "latents" / "low"),
        out / "extensions" / variant,
        str(model(out, "translator-lrb") / "model.safetensors"),
    )
    shared = {"latents": latents, "crop": 128, **options}
    if variant == "channels":
        shared["importance_of"] = guided
    if variant == "one-model":
        shared["rates"] = dict.fromkeys(options["rates"], latents)
    if variant in ("channels", "one-model"):
        execute(
            "06_guided_translator",
            teacher=str(model(out, "A") / "model.safetensors"),
            steps=2,
            folder=str(folder / "translator"),
            **shared,
        )
        guided = str(folder / "translator" / "model.safetensors")
    execute(
        "07_train_detector",
        recipe="ProMIC",
        rate="all" if variant == "one-model" else "low",
        start=str(model(out, "A") / "model.safetensors"),
        translator=guided,
        steps=2,
        folder=str(folder),
        **shared,
    )
    ap = pd.read_parquet(folder / "ap.parquet")
    assert list(ap.rate.unique()) == options.get("rates", ["low"]) and ap.bpp.notna().all()
    assert (
        (folder / "mask_ap.parquet").is_file()
        == (out / "figures" / "masks_ProMIC_low.png").is_file()
        == (variant == "masks")
    )


def test_18_extensions(execute, out):
    plain = [model(out, recipe) / "ap.parquet" for recipe in ("A", "ProMIC")]
    execute(
        "18_extensions",
        results=[str(p) for p in [*plain, *sorted((out / "extensions").glob("*/ap.parquet"))]],
    )
    table = pd.read_parquet(out / "tables" / "extensions.parquet")
    assert set(table.variant) == {"plain", "channels", "guidance", "one model", "masks"} and set(
        table.of
    ) == {"boxes", "masks"}
    pairs = pd.read_parquet(out / "tables" / "extension_differences.parquet")
    assert {*zip(pairs.model, pairs.against, pairs.rate, strict=True)} == {
        ("ProMIC, 16 channels by importance", "ProMIC", "low"),
        ("ProMIC, guidance 0.5", "ProMIC", "low"),
        ("ProMIC, one model (affine)", "ProMIC", "low"),
        ("ProMIC, with masks", "ProMIC", "low"),
    }
    channels = pd.read_parquet(out / "tables" / "channels.parquet")
    assert channels.channels.tolist() == [16, 160] and channels.gmac.is_monotonic_increasing
    assert (out / "figures" / "channels_plot.png").is_file() and (
        out / "figures" / "one_model.png"
    ).is_file()


def test_22_search(execute, out):
    limits = {"base_lr": [1e-4, 1e-2], "batch": [1, 2], "initial": [1, 2], "interval": [1, 2]}
    folder = out / "search" / "original" / "pixels"
    for trials in (1, 2):  # the second run goes on
        execute(
            "22_search",
            own_kernel=trials == 1,
            trials=trials,
            steps=2,
            eval_every=1,
            limits=limits,
            train_every=1,
            val_every=1,
            folder=str(folder),
        )
    assert pd.read_parquet(folder / "trials.parquet").state.isin(["complete", "pruned"]).sum() == 2


def test_23_search_results(execute, out):
    execute("23_search_results")
    found = pd.read_parquet(out / "tables" / "hyperparameters.parquet").set_index("parameter")
    assert found.value["batch"] in (1, 2) and found.published["batch"] == 1
    assert "original:" in (out / "tables" / "hyperparameters_found.yaml").read_text()


def test_24_diagnosis(execute, out):
    """B as it is, and with the natural scale, evaluated on the way and measured on two splits."""
    results = {}
    for setting, first_norm in (("own.own", "one"), ("norm.natural", "natural")):
        folder = out / "diagnosis" / setting / "B" / "low" / "seed0"
        execute(
            "07_train_detector",
            recipe="B",
            rate="low",
            start=str(model(out, "A") / "model.safetensors"),
            latents=str(out / "latents" / "low"),
            first_norm=first_norm,
            tested=["train", "val"],
            solver={"eval_every": 2, "average": 0.5},
            steps=4,
            crop=128,
            folder=str(folder),
        )
        assert pd.read_parquet(folder / "curve.parquet").iteration.tolist() == [2, 4]
        results[setting] = [str(folder / "ap.parquet")]
    execute("24_diagnosis", results=results, questions={"norm": "How does the norm start?"})
    table = pd.read_parquet(out / "tables" / "diagnosis.parquet")
    assert set(table.split) == {"train", "val"}
    assert table[table.question == "own"].change_pp.isna().all()
    ap50 = table[(table.question == "norm") & (table.metric == "AP50")]
    assert ap50.change_pp.notna().all() and len(ap50) == 2
    assert (out / "figures" / "diagnosis_curves.png").is_file()


@pytest.mark.filterwarnings("ignore:The set_bad:PendingDeprecationWarning")  # of seaborn's heatmap
@pytest.mark.filterwarnings("ignore:The figure layout has changed")  # of seaborn's relplot
def test_every_figure_can_be_redrawn_from_tables_alone(out, tmp_path):
    """The tables of all notebooks above are published to an empty folder, and drawn there."""
    publish(RunFolder.at(out), [], tmp_path)
    done = redraw(tmp_path)
    drawn = {p.stem: p for p in (out / "figures").glob("*.png")}
    live = {"quickstart", "masks_ProMIC_low"}  # drawn by their pages only
    assert set(drawn) - set(done.figures) == live and not done.kept
    differ = [
        name
        for name in set(drawn) - live
        if not np.array_equal(*(Image.open(f / f"{name}.png") for f in (out / "figures", tmp_path)))
    ]
    assert not differ
