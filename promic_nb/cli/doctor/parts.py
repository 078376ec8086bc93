"""The parts of a study: engines, codecs, metrics, data sets, weights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from promic_nb.cli.doctor.findings import Check
from promic_nb.core import paths
from promic_nb.core.files import sha256
from promic_nb.errors import UserError


def engines() -> Iterator[Check]:
    """Detector engines; those of another package are listed with its name."""
    from promic_nb.models.registry import ENGINES

    for engine in ENGINES:
        package = ENGINES.module(engine).partition(".")[0]
        if package != "promic_nb":
            yield Check(engine, "ok", f"from the package {package}")
        elif find_spec(engine):
            yield Check(engine, "ok", version(engine))
        else:
            remedy = "docs/detectors.md; the default is torchvision"
            yield Check(engine, "missing", "not installed", remedy)


def codecs() -> Iterator[Check]:
    """Codecs with the versions of their encoders."""
    from promic_nb.codecs.inventory import inventory

    for about in inventory():
        if about["available"]:
            yield Check(about["codec"], "ok", about["version"])
        else:
            yield Check(about["codec"], "missing", about["missing"], about["remedy"])


def metrics() -> Iterator[Check]:
    """Metrics, each computed once."""
    from promic_nb.metrics.quality import compute
    from promic_nb.metrics.registry import METRICS

    noise = np.random.default_rng(0).integers(0, 256, (192, 192), dtype=np.uint8)
    works = []
    for name in METRICS:
        try:
            compute(noise, noise[::-1].copy(), [name])
            works.append(name)
        except UserError as error:
            yield Check(name, "missing", error.what, error.remedy)
    yield Check("computed here", "ok", ", ".join(works))


def data() -> Iterator[Check]:
    """Data sets, in the folders where runs look for them."""
    from promic_nb.datasets import DATASETS
    from promic_nb.datasets.layout import find_root
    from promic_nb.datasets.own.manifest import has_manifest
    from promic_nb.datasets.own.stack import open_own

    named = os.environ.get("PROMIC_DATA")
    if named:
        try:
            root = open_own(named).root if has_manifest(named) else find_root(Path(named))
            yield Check("PROMIC_DATA", "ok", str(root))
        except UserError as error:
            yield Check("PROMIC_DATA", "missing", error.what, error.remedy)
    for name in DATASETS:
        folder = paths.root() / "data" / name
        if folder.is_dir():
            yield Check(name, "ok", f"in data/{name}")
        elif name == "phantom":
            yield Check(name, "ok", "synthetic; drawn when it is first needed")
        else:
            remedy = f"promic data {name}, or name a copy: make reproduce DATA=PATH"
            yield Check(name, "missing", "not downloaded yet", remedy)


def weights() -> Iterator[Check]:
    """Codec weights, which are part of the project, and published detector weights."""
    from promic_nb.codecs.jpegai import weights
    from promic_nb.models.build import DOWNLOADS
    from promic_nb.models.pretrained import inventory

    for name, about in weights.registry().items():
        file = weights.WEIGHTS / name
        if file.is_file() and sha256(file) == about["sha256"]:
            yield Check(name, "ok", f"SHA-256 {about['sha256'][:12]} as registered")
        else:
            reason = "the hash is not the registered one" if file.is_file() else "no such file"
            yield Check(name, "broken", reason, f"git checkout -- data/weights/{name}")
    for name, what, state in inventory(paths.root() / DOWNLOADS):
        if state.startswith("here"):
            yield Check(name, "ok", state)
        else:
            remedy = "downloaded when a profile names it (weights: ...)"
            yield Check(name, "missing", what, remedy)
