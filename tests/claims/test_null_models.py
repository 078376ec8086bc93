"""Models that do nothing, judged against every claim that a training could miss.

Their tables are made here from scratch: a detector that ignores the latent and the rate, a codec
that is another one under a new name, a network that returns the JPEG, a learner that says one class
for all. None may earn a claim.
"""

import json
from itertools import product

import pandas as pd
import pytest

from promic_nb.claims import load_claims, verdicts
from promic_nb.core.paths import code_file

RECIPES = ["original", "A", "B", "C", "D", "E", "F", "G", "H", "ProMIC"]
RATES = {"r012": 0.09, "r025": 0.35, "r050": 1.34, "r075": 1.61, "r100": 2.52}
METRICS = ["AP", "AP50", "AP75", "APs", "APm", "APl"]
STRUCTURAL = {c.id for c in load_claims() if c.structural}
WON = {"reproduced", "within tolerance", "agrees (scaled down)"}


def detection(ap, step=0.0):
    """Every model is model A; `step` is its gain from rate to rate."""
    over_seeds = [
        (r, k, b, m, ap + step * i)
        for r, (i, (k, b)), m in product(RECIPES, enumerate(RATES.items()), METRICS)
    ]
    bd = [(r, m, d, 0.0) for r, m, d in product(RECIPES[2:], METRICS, ("linear", "log"))]
    cross = [(r, a, b, m, 10.0) for r, a, b, m in product(RECIPES, RATES, RATES, METRICS)]
    features = [(s, m, 0.0, 0) for s, m in product((3, 4), ("full", "translator"))]
    return {
        "ap_over_seeds": pd.DataFrame(
            over_seeds, columns=["recipe", "rate", "bpp", "metric", "mean"]
        ),
        "bd_ap": pd.DataFrame(bd, columns=["recipe", "metric", "domain", "bd_pp"]),
        "cross_rate": pd.DataFrame(
            cross, columns=["recipe", "trained", "tested", "metric", "found_per_slice"]
        ),
        "features": pd.DataFrame(features, columns=["stage", "model", "mean", "constant"]),
    }


def codecs(quality):
    """All codecs are one, on all stacks."""
    metrics = ["ms_ssim", "iw_ssim", "psnr_hvs_m", "vmaf", "vif", "nlpd", "fsim"]
    stacks = ["lucchi", "kasthuri", "delmic"]
    rows = [
        (d, f"q{b}", b, m, quality(b)) for d, b, m in product(stacks, (0.1, 0.4, 1.0, 2.5), metrics)
    ]
    table = pd.DataFrame(rows, columns=["dataset", "setting", "bpp", "metric", "value"])
    names = ["hevc", "vvc", "jpegai_bop_off", "jpegai_bop_on", "jpegai_hop_off", "jpegai_hop_on"]
    return {f"benchmark_{name}": table for name in names}


def deblocking():
    """The JPEG unrestored: what JPEG makes of real pictures of cells, and no change to it."""
    measured = pd.read_parquet(code_file("figures/deblocking_summary.parquet"))
    jpeg = measured.query("network == 'jjnet' and loss == 'mse' and trained_on == '75'")
    networks = ["unet", "resnet", "jjnet", "jjnet_tanh", "dense_unet", "xception", "memnet",
                "densenet", "resnet_yuv"]  # fmt: skip
    losses = ["mae", "mse", "high_frequency", "perceptual"]
    made = [
        jpeg.assign(network=n, loss=x, trained_on=q, split_seed=s, seed=0, stop="early stopping")
        for n, x, q, s in product(networks, losses, ["25", "50", "75", "random"], [100, 101])
    ]
    summary = pd.concat(made, ignore_index=True)
    summary = summary.assign(restored=summary.jpeg, change=0.0, improved_percent=0.0)
    reach = [
        ("cells", m, x, 75.0)
        for m, x in product(["JJNet-75", "ResNetYUV-75"], ["mae", "mse", "psnr_db", "ssim"])
    ]
    storage = [("cells", q, 0.0, 0.0, 0.0) for q in (75, 60, 50, 40, 25)]
    return {
        "deblocking_summary": summary,
        "deblocking_reach": pd.DataFrame(
            reach, columns=["dataset", "model", "metric", "lowest_quality"]
        ),
        "deblocking_storage": pd.DataFrame(
            storage,
            columns=["dataset", "quality", "saved_percent", "saved_of_raw_percent", "mean_kb"],
        ),
    }


def learning():
    """One class for all pictures; latent and reconstruction alike."""
    chance = {"top1": 0.1, "top5": 0.5, "miou": 3.5}
    rates = {"0.72": 0.72, "0.49": 0.49, "0.30": 0.30, "0.098": 0.098}
    axes = product(
        [("imagenet", "classification"), ("voc", "segmentation")],
        ["resnet50", "mobilenetv2", "resnet41", "mobilenetv2_45", "resnet49"],
        ["reconstruction", "latent"],
        ["smallest", "middle", "largest", "variable"],
        [256, 32, 16],
        ["fixed", "original", "enlarged"],
        chance,
        rates,
    )
    rows = [(*p, n, d, t, f, te, m, r, rates[r], chance[m]) for p, n, d, t, f, te, m, r in axes]
    columns = ["pictures", "task", "network", "domain", "training", "features", "tested",
               "metric", "rate", "bpp", "percent"]  # fmt: skip
    comparisons = ["latent - reconstruction", "variable - smallest", "variable - largest",
                   "variable - middle", "32 features - all", "16 features - all"]  # fmt: skip
    nets = ["resnet41", "mobilenetv2_45", "resnet49"]
    gains = [(c, n, r, 0.0) for c, n, r in product(comparisons, nets, [*rates, "mean"])]
    return {
        "latent_learning": pd.DataFrame(rows, columns=columns),
        "latent_learning_gains": pd.DataFrame(
            gains, columns=["comparison", "network", "rate", "gain_pp"]
        ),
        "latent_codec": pd.DataFrame({"rate": list(rates), "bpp": list(rates.values())}),
        "rate_term": pd.DataFrame({"over": ["pictures"], "rate": ["all"], "correlation": [0.0]}),
    }


def tasks(mse):
    """One class of ten, a grey picture, an encoder that stays as it was, an unrelated embedding."""
    grey = 0.0612
    both = ["framework1", "framework2"]
    faces = [("mse", grey), ("mse_hr", grey), ("cosine", 1.0)]
    return {
        "multitask_classification": pd.DataFrame(
            {"pictures": "cifar10", "framework": both, "percent": 10.0, "mse": mse}
        ),
        "multitask_cosine": pd.DataFrame({"pictures": ["cifar10", "lfw"], "mean": 0.0, "std": 0.0}),
        "multitask_faces": pd.DataFrame(
            [("lfw", "one by one", m, v) for m, v in faces],
            columns=["pictures", "stage", "metric", "value"],
        ),
    }


def jpeg(psnr):
    """A picture that is kept as it is, or lost: DFT and DCT alike."""
    return {
        "transform_jpeg": pd.DataFrame(
            {"transform": "integer", "quality": [10, 50, 90], "psnr_db": psnr}
        ),
        "transform_threshold": pd.DataFrame(
            {"transform": ["dft", "dct"], "block": 8, "share": 0.1, "psnr_db": psnr}
        ),
    }


NULLS = {
    "dead detectors": detection(0.0),
    "equal detectors": detection(0.8),
    "equal detectors that rise with the rate": detection(0.6, 0.05),
    "flat codecs": codecs(lambda bpp: 0.0),
    "perfect codecs": codecs(lambda bpp: 1.0),
    "equal codecs": codecs(lambda bpp: 60 + 10 * bpp),
    "unrestored JPEG": deblocking(),
    "one class": learning(),
    "grey pictures": tasks(0.0612),
    "untouched pictures": tasks(0.0),
    "lost picture": jpeg(0.0),
    "kept picture": jpeg(float("inf")),
}


def judged(folder, tables):
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
        (folder / f"{name}.json").write_text(json.dumps({"smoke": False, "dataset": "lucchi"}))
    return verdicts(folder)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return {name: judged(tmp_path_factory.mktemp("null"), t) for name, t in NULLS.items()}


@pytest.mark.parametrize("name", NULLS)
def test_doing_nothing_earns_no_claim(results, name):
    won = set(results[name][results[name].verdict.isin(WON)].id)
    assert won - STRUCTURAL == set()


def test_each_claim_that_a_run_can_answer_met_a_null_model(results):
    met = {i for table in results.values() for i in table[table.verdict != "not run"].id}
    tables = {name for null in NULLS.values() for name in null}
    missed = {
        c.id
        for c in load_claims()
        if not c.structural and c.source.table in tables and c.id not in met
    }
    assert missed == set()
