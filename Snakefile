# The study as a graph: one papermill run for each rule instance. `make reproduce` calls it; see README.md.
#   snakemake --configfile config/quick.yaml [--config data=PATH dataset=lucchi] --cores 2
import glob
import os
import sys
from pathlib import Path

from promic_nb.errors import UserError
from promic_nb.experiment.jobs import modules, notebook_parameters, weight_files
from promic_nb.experiment.profile import load_profile
from promic_nb.models.recipes import RECIPES
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.status import note_session


try:
    here = {"data": str(config.get("data") or ""), "cells": str(config.get("cells") or os.environ.get("PROMIC_CELLS", ""))}
    P = load_profile({**config, **here, "dataset": config.get("dataset") or ("lucchi" if config.get("data") else "phantom")})
except UserError as error:
    sys.exit(f"promic: {error}")

# The commands of the environment that runs Snakemake, activated or not.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
# glibc returns a training iteration's memory to the system only to fault it in again, a sixth of the time.
for name, value in {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**33), "MALLOC_TOP_PAD_": str(2**27)}.items():
    os.environ.setdefault(name, value)
RUN = f"data/runs/{P.profile}/{P.dataset}"
TABLES, FIGURES = f"{RUN}/tables", f"figures/{P.profile}/{P.dataset}"
COMMON = {"profile": P.profile, "dataset": P.dataset}
DATA = {**COMMON, "data": P.data}
SPLITS = ["train", "test", *(["val"] if P.slices.val else [])]
LATENT = [r for r in P.recipes if RECIPES[r].inputs == "latent"]
MODELS = [f"{RUN}/models/original/pixels/seed{s}" for s in P.seeds if "original" in P.recipes]
MODELS += [f"{RUN}/models/{m}/{r}/seed{s}" for m in P.recipes if m != "original" for r in P.rates for s in P.seeds]

# papermill as one shell line; every value is quoted by Snakemake.
EXECUTE = "papermill --engine promic --log-output --no-progress-bar {input.notebook:q} {output.notebook:q} -y {params.yaml:q} > {log:q} 2>&1"


wildcard_constraints:
    seed=r"\d+",
    rate="|".join(P.rates),
    recipe="|".join(RECIPES),


def checked(notebook, **values):
    """Parameters of a rule's notebook as YAML, or one clear line and no run."""
    try:
        return notebook_parameters(notebook, values)
    except UserError as error:
        sys.exit(f"promic: {error}")


def need(training=False):
    """Memory (MB) and a limit of time (minutes) for a scheduler. A job that hits one runs again with more, and a training goes on where it was."""
    memory = 3000 if P.smoke else 12000 if training and P.detector == "resnet50" else 6000
    minutes = 60 if P.smoke else 1440 if training else 360
    return {"mem_mb": lambda w, attempt: memory * attempt, "runtime": lambda w, attempt: minutes * attempt}


def source(name):
    return {"notebook": f"notebooks/{name}.ipynb", "code": modules(name)}


# For `promic status`: which of Snakemake's logs is this run's.
onstart:
    note_session(RunFolder(P.profile, P.dataset), *log)


# Where the run was started: a cluster's nodes may not reach the network that data come from.
localrules:
    all,
    data,
    report,


rule all:
    input:
        f"{RUN}/report.html",


rule data:
    input:
        code=[m for m in modules("01_dataset") if "/datasets/" in m],
    output:
        f"{RUN}/data.json",
    params:
        dataset=P.dataset,
        path=P.data,
    shell:
        "promic data {params.dataset:q} --path={params.path:q} --write {output:q} > /dev/null"


rule dataset:
    input:
        **source("01_dataset"),
        data=rules.data.output,
    output:
        notebook=f"{RUN}/notebooks/01_dataset.ipynb",
        tables=multiext(f"{TABLES}/table2", ".parquet", ".json"),
        figure=multiext(f"{FIGURES}/samples", ".png", ".json"),
    params:
        yaml=checked("01_dataset", **DATA, every=1, tables=TABLES, figures=FIGURES),
    log:
        f"{RUN}/logs/01_dataset.log",
    benchmark:
        f"{RUN}/benchmarks/01_dataset.tsv",
    resources:
        **need(),
    shell:
        EXECUTE


rule benchmark:
    input:
        **source("03_codec_benchmark"),
        data=rules.data.output,
        weights=lambda w: weight_files(w.codec, P.benchmark.codecs[w.codec]),
    output:
        notebook=f"{RUN}/notebooks/03_codec_benchmark-{{codec}}.ipynb",
        table=multiext(f"{TABLES}/benchmark_{{codec}}", ".parquet", ".json"),
    params:
        yaml=lambda w: checked("03_codec_benchmark", **DATA, codec=w.codec, settings=P.benchmark.codecs[w.codec], every=P.benchmark.every, metrics=P.benchmark.metrics, tables=TABLES),
    log:
        f"{RUN}/logs/03_codec_benchmark-{{codec}}.log",
    benchmark:
        f"{RUN}/benchmarks/03_codec_benchmark-{{codec}}.tsv",
    resources:
        **need(),
    shell:
        EXECUTE


rule rate_distortion:
    input:
        **source("04_rate_distortion"),
        tables=expand(f"{TABLES}/benchmark_{{codec}}.parquet", codec=P.benchmark.codecs),
        others=sorted(t for t in glob.glob(f"data/runs/{P.profile}/*/tables/benchmark_*.parquet") if not t.startswith(f"{TABLES}/")),
    output:
        notebook=f"{RUN}/notebooks/04_rate_distortion.ipynb",
        tables=multiext(f"{TABLES}/bd_rate", ".parquet", ".json") + multiext(f"{TABLES}/coding_cost", ".parquet", ".json"),
        figures=expand(f"{FIGURES}/{{figure}}{{suffix}}", figure=["rate_distortion", "coding_cost_plot", *(f"rd_{m}" for m in P.benchmark.metrics)], suffix=[".png", ".json"]),
    params:
        yaml=lambda w, input: checked("04_rate_distortion", **COMMON, benchmarks=[*input.tables, *input.others], references=P.benchmark.references, tables=TABLES, figures=FIGURES),
    log:
        f"{RUN}/logs/04_rate_distortion.log",
    benchmark:
        f"{RUN}/benchmarks/04_rate_distortion.tsv",
    resources:
        **need(),
    shell:
        EXECUTE


rule latents:
    input:
        **source("05_latents"),
        data=rules.data.output,
        weights=lambda w: weight_files(P.rates[w.rate].codec, [P.rates[w.rate].settings]),
    output:
        notebook=f"{RUN}/notebooks/05_latents-{{rate}}.ipynb",
        signatures=expand(f"{RUN}/latents/{{{{rate}}}}/{{split}}/signature.json", split=SPLITS),
        table=multiext(f"{TABLES}/rates_{{rate}}", ".parquet", ".json"),
        figure=multiext(f"{FIGURES}/latent_{{rate}}", ".png", ".json"),
    params:
        yaml=lambda w: checked("05_latents", **DATA, rate=w.rate, codec=P.rates[w.rate].codec, settings=P.rates[w.rate].settings, train_every=P.slices.train, test_every=P.slices.test, val_every=P.slices.val, folder=f"{RUN}/latents/{w.rate}", tables=TABLES, figures=FIGURES),
    priority: 1  # the long chain goes first; the rest fills in
    log:
        f"{RUN}/logs/05_latents-{{rate}}.log",
    benchmark:
        f"{RUN}/benchmarks/05_latents-{{rate}}.tsv",
    resources:
        **need(),
    shell:
        EXECUTE


rule guided_translator:
    input:
        **source("06_guided_translator"),
        signature=f"{RUN}/latents/{{rate}}/train/signature.json",
        teacher=f"{RUN}/models/A/{{rate}}/seed{{seed}}/model.safetensors",
    output:
        notebook=f"{RUN}/notebooks/06_guided_translator-{{lrb}}-{{rate}}-seed{{seed}}.ipynb",
        model=multiext(f"{RUN}/models/translator-{{lrb}}/{{rate}}/seed{{seed}}/model", ".safetensors", ".json"),
    params:
        yaml=lambda w, input: checked("06_guided_translator", **DATA, rate=w.rate, lrb=w.lrb == "lrb", engine=P.engine, teacher=input.teacher, latents=f"{RUN}/latents/{w.rate}", **P.guided_training(w.lrb == "lrb", w.rate), seed=int(w.seed), folder=f"{RUN}/models/translator-{w.lrb}/{w.rate}/seed{w.seed}"),
    priority: 1  # the long chain goes first; the rest fills in
    log:
        f"{RUN}/logs/06_guided_translator-{{lrb}}-{{rate}}-seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/06_guided_translator-{{lrb}}-{{rate}}-seed{{seed}}.tsv",
    resources:
        **need(training=True),
    wildcard_constraints:
        lrb="lrb|base",
    shell:
        EXECUTE


def needs(w):
    """What a model is trained from: latents for all but `original`, the model before it, and a guided translator where it has one."""
    plan = RECIPES[w.recipe]
    here = {}
    if plan.inputs != "original":
        here["signatures"] = expand(f"{RUN}/latents/{w.rate}/{{split}}/signature.json", split=SPLITS)
        before = "A" if plan.inputs == "latent" else "original"
        here["start"] = f"{RUN}/models/{before}/{w.rate if before == 'A' else 'pixels'}/seed{w.seed}/model.safetensors"
    if plan.gdtt:
        here["translator"] = f"{RUN}/models/translator-{'lrb' if plan.lrb else 'base'}/{w.rate}/seed{w.seed}/model.safetensors"
    return here


rule model:
    input:
        unpack(needs),
        **source("07_train_detector"),
        data=rules.data.output,
    output:
        notebook=f"{RUN}/notebooks/07_train_detector-{{recipe}}-{{rate}}-seed{{seed}}.ipynb",
        model=multiext(f"{RUN}/models/{{recipe}}/{{rate}}/seed{{seed}}/model", ".safetensors", ".json"),
        table=multiext(f"{RUN}/models/{{recipe}}/{{rate}}/seed{{seed}}/ap", ".parquet", ".json"),
    params:
        yaml=lambda w, input: checked("07_train_detector", **DATA, recipe=w.recipe, rate=w.rate, config=P.detector, engine=P.engine, weights=P.weights, latents=f"{RUN}/latents/{w.rate}" if w.rate != "pixels" else "", start=input.get("start", ""), translator=input.get("translator", ""), **P.training(w.recipe, w.rate), crop=P.crop, train_every=P.slices.train, test_every=P.slices.test, val_every=P.slices.val or 1, seed=int(w.seed), folder=f"{RUN}/models/{w.recipe}/{w.rate}/seed{w.seed}"),
    priority: 1  # the long chain goes first; the rest fills in
    log:
        f"{RUN}/logs/07_train_detector-{{recipe}}-{{rate}}-seed{{seed}}.log",
    benchmark:
        f"{RUN}/benchmarks/07_train_detector-{{recipe}}-{{rate}}-seed{{seed}}.tsv",
    resources:
        **need(training=True),
    wildcard_constraints:
        rate="|".join([*P.rates, "pixels"]),
    shell:
        EXECUTE


rule detection:
    input:
        **source("08_detection"),
        results=expand("{model}/ap.parquet", model=MODELS),
        claims="promic_nb/claims/dissertation.yaml",  # the published values that stand beside
    output:
        notebook=f"{RUN}/notebooks/08_detection.ipynb",
        tables=expand(f"{TABLES}/{{name}}.{{ext}}", name=["ap", "ap_over_seeds", "bd_ap", "bd_ap_seeds", "table5", "table6", "ranking"], ext=["parquet", "json"]),
        figures=expand(f"{FIGURES}/{{name}}.{{ext}}", name=["ap50_over_rate", "ap75_over_rate", "ap_all"], ext=["png", "json"]),
    params:
        yaml=lambda w, input: checked("08_detection", **COMMON, results=list(input.results), min_points=P.min_bd_points, singles=not P.smoke, tables=TABLES, figures=FIGURES),
    log:
        f"{RUN}/logs/08_detection.log",
    benchmark:
        f"{RUN}/benchmarks/08_detection.tsv",
    resources:
        **need(),
    shell:
        EXECUTE


rule conformance:
    input:
        **source("09_conformance"),
        references="promic_nb/metrics/conformance.yaml",
    output:
        notebook=f"{RUN}/notebooks/09_conformance.ipynb",
        table=multiext(f"{TABLES}/conformance", ".parquet", ".json"),
    params:
        yaml=checked("09_conformance", profile=P.profile, tables=TABLES),
    log:
        f"{RUN}/logs/09_conformance.log",
    benchmark:
        f"{RUN}/benchmarks/09_conformance.tsv",
    resources:
        **need(),
    shell:
        EXECUTE


rule complexity:
    input:
        **source("10_complexity"),
    output:
        notebook=f"{RUN}/notebooks/10_complexity.ipynb",
        tables=multiext(f"{TABLES}/table7", ".parquet", ".json") + multiext(f"{TABLES}/table8", ".parquet", ".json"),
    params:
        yaml=checked("10_complexity", profile=P.profile, timed_height=256 if P.smoke else 768, timed_width=256 if P.smoke else 1024, tables=TABLES),
    log:
        f"{RUN}/logs/10_complexity.log",
    benchmark:
        f"{RUN}/benchmarks/10_complexity.tsv",
    resources:
        **need(),
    shell:
        EXECUTE


# The related studies, each where the profile has its settings; each adds the notebook that the report waits for.
STUDIES = []


include: "rules/compression.smk"
include: "rules/latent_learning.smk"
include: "rules/multitask.smk"
include: "rules/probes.smk"
include: "rules/extensions.smk"


rule report:
    input:
        STUDIES,
        rules.complexity.output.notebook,
        rules.conformance.output.notebook,
        rules.dataset.output.notebook,
        rules.rate_distortion.output.notebook,
        rules.detection.output.notebook,
        code=["promic_nb/reporting/report.py", "promic_nb/reporting/artifacts.py", "promic_nb/reporting/formats.py", "promic_nb/reporting/report.html.j2", *sorted(map(str, Path("promic_nb/claims").glob("*.py"))), *sorted(map(str, Path("promic_nb/claims").glob("*.yaml")))],
    output:
        f"{RUN}/report.html",
    log:
        f"{RUN}/logs/report.log",
    resources:
        **need(),
    shell:
        "promic report {RUN} > {log:q} 2>&1"
