"""Every notebook through papermill, on the tiny phantom, in the order of their numbers."""

from pathlib import Path

import pandas as pd
import papermill
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.notebook


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "interactive" / "phantom"


@pytest.fixture(scope="module")
def execute(out, tiny_root):
    (out / "notebooks").mkdir(parents=True)

    def run(name: str, **parameters):
        given = {"tables": str(out / "tables"), "figures": str(out / "figures"), "data": str(tiny_root), **parameters}
        declared = papermill.inspect_notebook(str(ROOT / "notebooks" / f"{name}.ipynb"))
        target = out / "notebooks" / f"{name}.ipynb"
        papermill.execute_notebook(
            ROOT / "notebooks" / f"{name}.ipynb", target, {k: v for k, v in given.items() if k in declared},
            engine_name="promic", cwd=ROOT, progress_bar=False,
        )  # fmt: skip

    return run


def test_01_dataset(execute, out, tiny):
    execute("01_dataset")
    table = pd.read_parquet(out / "tables" / "table2.parquet")
    assert table.set_index(["split", "size"]).published["train", "medium"] == 1649
    assert (out / "figures" / "samples.png").is_file()


def test_02_train_codec(execute, out):
    execute("02_train_codec", folder=str(out / "codec"))
    assert (out / "codec" / "jpegai_beta0.01.safetensors").stat().st_size < 12e6


@pytest.mark.parametrize(("codec", "settings"), [
    ("jpeg", [{"quality": q} for q in (5, 15, 40, 80)]),
    ("hevc", [{"qp": q} for q in (44, 38, 32, 26)]),
    ("jpegai_bop_off", [{"beta": 0.006}]),
])  # fmt: skip
def test_03_codec_benchmark(execute, out, codec, settings):
    execute("03_codec_benchmark", codec=codec, settings=settings, every=1)
    table = pd.read_parquet(out / "tables" / f"benchmark_{codec}.parquet")
    assert len(table) == 2 * len(settings) * 4
    assert table.value.notna().all() and (table.bpp > 0).all()


def test_04_rate_distortion(execute, out):
    codecs = ("jpeg", "hevc", "jpegai_bop_off")
    execute("04_rate_distortion", benchmarks=[str(out / "tables" / f"benchmark_{c}.parquet") for c in codecs], reference="jpeg")
    bd = pd.read_parquet(out / "tables" / "bd_rate.parquet").set_index(["codec", "metric"])
    assert bd.bd_rate_percent["jpeg", "psnr"] == pytest.approx(0, abs=1e-9)
    assert bd.bd_rate_percent["hevc", "psnr"] < 0
    assert "1 points" in bd.reason["jpegai_bop_off", "psnr"]


def test_05_latents(execute, out):
    execute("05_latents", beta=0.006, train_every=1, test_every=1, folder=str(out / "latents" / "low"))
    assert (out / "latents" / "low" / "test" / "signature.json").is_file()
    assert (pd.read_parquet(out / "tables" / "rates_low.parquet").bpp > 0).all()


def model(out, recipe: str, rate: str = "low") -> Path:
    return out / "models" / recipe / rate / "seed0"


@pytest.mark.parametrize("recipe", ["original", "A"])
def test_07_pixel_detectors(execute, out, recipe):
    rate = "pixels" if recipe == "original" else "low"
    start = "" if recipe == "original" else str(model(out, "original", "pixels") / "model.safetensors")
    execute(
        "07_train_detector", recipe=recipe, rate=rate, start=start, latents="" if recipe == "original" else str(out / "latents" / "low"),
        steps=4, crop=128, train_every=1, test_every=1, folder=str(model(out, recipe, rate)),
    )  # fmt: skip
    assert set(pd.read_parquet(model(out, recipe, rate) / "ap.parquet").metric) == {"AP", "AP50", "AP75", "APs", "APm", "APl"}


def test_06_guided_translator(execute, out):
    execute(
        "06_guided_translator", teacher=str(model(out, "A") / "model.safetensors"), latents=str(out / "latents" / "low"), steps=3, crop=128,
        folder=str(model(out, "translator-lrb")),
    )  # fmt: skip
    assert (model(out, "translator-lrb") / "model.safetensors").is_file()


@pytest.mark.parametrize("recipe", ["C", "H", "ProMIC"])
def test_07_latent_detectors(execute, out, recipe):
    translator = "" if recipe == "C" else str(model(out, "translator-lrb") / "model.safetensors")
    execute(
        "07_train_detector", recipe=recipe, rate="low", start=str(model(out, "A") / "model.safetensors"), translator=translator,
        latents=str(out / "latents" / "low"), steps=4, crop=128, folder=str(model(out, recipe)),
    )  # fmt: skip
    assert pd.read_parquet(model(out, recipe) / "ap.parquet").bpp.notna().all()


def test_08_detection(execute, out):
    results = [str(p) for p in sorted((out / "models").glob("*/*/seed0/ap.parquet"))]
    execute("08_detection", results=results)
    bd = pd.read_parquet(out / "tables" / "bd_ap.parquet")
    assert set(bd.recipe) == {"C", "H", "ProMIC"}
    assert bd.bd_pp.isna().all()
    assert bd.query("metric == 'AP50'").reason.str.contains("1 points").all()  # one rate is no curve


def test_09_conformance(execute, out):
    execute("09_conformance")
    table = pd.read_parquet(out / "tables" / "conformance.parquet")
    assert table.ok.all() and table.value.notna().all()
    assert {"psnr", "vmaf", "vif_wavelet", "AP50 (voc11)", "BD-rate"} <= set(table.metric)


def test_10_complexity(execute, out):
    execute("10_complexity", proposals=10)
    table8 = pd.read_parquet(out / "tables" / "table8.parquet").set_index("translator")
    assert table8.gmac.round(2).to_dict() == {"base": 33.52, "lrb": 33.60}
    assert "ProMIC" in set(pd.read_parquet(out / "tables" / "table7.parquet").model)


def test_11_transform_coding(execute, out):
    execute("11_transform_coding", qualities=[50], shares=[0.1, 0.2], blocks=[8, 0], crop=128)
    sizes = pd.read_parquet(out / "tables" / "transform_jpeg.parquet").set_index("transform")
    assert sizes.equal_scan["integer"] and sizes.equal_image["integer"] and (sizes.difference_percent.abs() < 2).all()
    kept = pd.read_parquet(out / "tables" / "transform_threshold.parquet").pivot_table(index=["block", "share"], columns="transform", values="mse")
    assert (kept.DCT < kept.DFT).all()


def test_12_train_deblocking(execute, out):
    for trained_on in ("75", "random"):
        execute(
            "12_train_deblocking", network="xception", trained_on=trained_on, steps=2, batch=2, every=8, qualities=[25, 75],
            folder=str(out / "deblocking" / "xception" / "mse" / trained_on / "seed0"),
        )  # fmt: skip
    results = pd.read_parquet(out / "deblocking" / "xception" / "mse" / "75" / "seed0" / "results.parquet")
    assert set(results.metric) == {"mae", "mse", "psnr_db", "ssim"} and set(results["size"]) == {"full", "centre"}


def test_13_deblocking(execute, out):
    execute("13_deblocking", shown=[25, 75], results=[str(p) for p in sorted((out / "deblocking").rglob("results.parquet"))])
    summary = pd.read_parquet(out / "tables" / "deblocking_summary.parquet")
    assert set(summary.trained_on) == {"75", "random"} and summary.reference.notna().all()
    assert len(pd.read_parquet(out / "tables" / "deblocking_networks.parquet")) == 8
    assert (out / "figures" / "deblocking_change.png").is_file()
