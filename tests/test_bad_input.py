"""Bad input through the doors that users have: one line that says what, where and what to do;
nothing lost, nothing half-written.

Each case is a line of a table below: what is done to good input, the door that it goes through, and
what the line must say. A door is the command `promic`, papermill's command with the engine
`promic`, `make`, Snakemake, or the function that notebooks call.
"""

import contextlib
import http.server
import io
import json
import pickle
import resource
import shutil
import struct
import subprocess
import sys
import threading
import zipfile
import zlib
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import save_file

from promic_nb import codecs
from promic_nb.cli import main as cli
from promic_nb.codecs.jpegai import weights as codec_weights
from promic_nb.codecs.latents import encode_slices, load_slices
from promic_nb.core.cache import Journal
from promic_nb.datasets import download, lucchi, open_stack
from promic_nb.datasets.cells import open_cells
from promic_nb.datasets.pictures import open_pictures
from promic_nb.errors import UserError
from promic_nb.experiment.profile import load_profile
from promic_nb.metrics import average_precision, bd_rate, compute
from promic_nb.metrics.detection import Detections
from promic_nb.models import pretrained
from promic_nb.models.build import build_detector
from promic_nb.models.checkpoints import read_state
from promic_nb.models.load import load_detector
from promic_nb.models.weights import load_weights, save_weights
from promic_nb.reporting.report import write_report
from promic_nb.runs.layout import find_run
from promic_nb.runs.provenance import Run
from promic_nb.studies.multitask.networks import load_teacher

ROOT = Path(__file__).parents[1]
GREY = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)


@pytest.fixture
def here(tmp_path, tiny_root, monkeypatch):
    """A project with a good stack, and something of the user's in each place that is written to."""
    shutil.copytree(tiny_root, tmp_path / "stack")
    for name in (
        "data/runs/quick/phantom/tables/old.parquet",
        "out/model.safetensors",
        "out/table.parquet",
        "out/data.json",
        "out/out.ipynb",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"earlier work")
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    for name in ("PROMIC_DATA", "PROMIC_CELLS", "PROMIC_VM33"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def files(top: Path) -> dict[str, str]:
    return {
        str(p.relative_to(top)): sha256(p.read_bytes()).hexdigest()
        for p in top.rglob("*")
        if p.is_file()
    }


@contextlib.contextmanager
def refused(top: Path, says: str):
    """The block ends in one clear line and leaves the folder as it was."""
    before = files(top)
    with pytest.raises((UserError, SystemExit)) as raised:
        yield
    line = str(raised.value)
    if isinstance(raised.value, SystemExit):
        assert line.startswith("promic: "), f"exit code {line}"
    assert says in line and "\n" not in line and "Traceback" not in line, line
    assert len(line.split(". ")) > 1, f"no remedy: {line}"
    after = files(top)
    assert {k: after.get(k) for k in before} == before, "something of the user's was changed"
    left = [k for k in after.keys() - before.keys() if k.endswith((".part", ".tmp", ".partial"))]
    assert not left, f"half-written: {left}"


@contextlib.contextmanager
def full_disk(most: int = 100):
    """No file of this process can grow beyond `most` bytes: the kernel refuses the write in the
    middle, as it does on a full disk.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def promic(monkeypatch, *args: object) -> None:
    """The command `promic` in this process."""
    monkeypatch.setattr(sys, "argv", ["promic", *map(str, args)])
    cli.main()


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to no samples."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
    )


def encoded(array: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind)
    return buffer.getvalue()


def everywhere(content: bytes, *folders: str):
    """All slices (or labels) of folders of the stack replaced."""
    return lambda stack: [
        p.write_bytes(content) for folder in folders for p in (stack / folder).glob("*.png")
    ]


def cut(name: str, share: float = 0.5):
    return lambda stack: (stack / name).write_bytes(
        (stack / name).read_bytes()[: int((stack / name).stat().st_size * share)]
    )


def put(name: str, content: bytes):
    return lambda stack: (stack / name).write_bytes(content)


FOUR = ("Train_In", "Train_Out", "Test_In", "Test_Out")
SIDE = np.zeros((256, 256), np.uint8)
STACKS = {
    "no such folder": (shutil.rmtree, "stack does not exist"),
    "a file for a folder": (lambda s: (shutil.rmtree(s), s.write_text("")), "stack does not exist"),
    "empty folder": (lambda s: (shutil.rmtree(s), s.mkdir()), "no Train_In in it"),
    "no test slices": (lambda s: shutil.rmtree(s / "Test_In"), "Test_In holds no slices"),
    "two stacks": (
        lambda s: (
            [shutil.copytree(s.parent / "stack" / "Train_In", s / n / "Train_In") for n in "ab"]
            and shutil.rmtree(s / "Train_In")
        ),
        "several stacks in it (a, b)",
    ),
    "a slice with another name": (
        lambda s: (s / "Train_In/mask0001.png").rename(s / "Train_In/maskB.png"),
        "is not maskNNNN.png",
    ),
    "corrupt PNG": (cut("Train_In/mask0002.png"), "mask0002.png cannot be read as an image"),
    "corrupt PNG of a test slice": (
        cut("Test_In/mask0001.png"),
        "mask0001.png cannot be read as an image",
    ),
    "corrupt label": (cut("Train_Out/4.png"), "4.png cannot be read as an image"),
    "corrupt TIFF": (
        put("Train_In/mask0002.png", encoded(SIDE, "TIFF")[:3000]),
        "mask0002.png cannot be read as an image",
    ),
    "a text for an image": (
        put("Train_In/mask0000.png", b"not an image"),
        "mask0000.png cannot be read as an image",
    ),
    "an empty file": (put("Train_Out/0.png", b""), "0.png cannot be read as an image"),
    "missing label": (lambda s: (s / "Train_Out/3.png").unlink(), "3.png is missing"),
    "label without image": (
        put("Train_Out/6.png", encoded(SIDE)),
        "6.png is a label without a slice",
    ),
    "label of another shape": (
        put("Train_Out/1.png", encoded(SIDE[:10])),
        "1.png has shape (10, 256), its image (256, 256)",
    ),
    "slices of two sizes": (
        lambda s: (
            put("Train_In/mask0005.png", encoded(SIDE[:128]))(s),
            put("Train_Out/5.png", encoded(SIDE[:128]))(s),
        ),
        "must have one size",
    ),
    "empty masks": (everywhere(encoded(SIDE), "Train_Out"), "shows a mitochondrion"),
    "16 bits": (
        put("Train_In/mask0001.png", encoded(SIDE.astype(np.uint16))),
        "uint16 samples, not uint8",
    ),
    "16-bit label": (
        put("Train_Out/1.png", encoded(SIDE.astype(np.uint16))),
        "uint16 samples, not uint8",
    ),
    "NaN": (
        put("Train_In/mask0001.png", encoded(np.full((256, 256), np.nan, np.float32), "TIFF")),
        "float32 samples, not uint8",
    ),
    "RGBA colour": (
        put("Train_In/mask0001.png", encoded(np.dstack([SIDE, SIDE + 1, SIDE, SIDE + 255]))),
        "is a colour image",
    ),
    "palette colour": (
        put(
            "Train_In/mask0001.png",
            encoded(
                np.asarray(np.dstack([GREY, GREY // 2, GREY]).repeat(4, 0).repeat(4, 1)), "GIF"
            ),
        ),
        "is a colour image",
    ),
    "tiny": (everywhere(encoded(np.full((8, 8), 255, np.uint8)), *FOUR), "have 8x8 pixels"),
    "huge": (put("Train_In/mask0001.png", png(60000, 60000)), "claims more than 67108864 samples"),
    "large": (put("Train_In/mask0001.png", png(10000, 10000)), "claims more than 67108864 samples"),
    "huge label": (put("Train_Out/1.png", png(60000, 60000)), "claims more than 67108864 samples"),
}


@pytest.mark.parametrize("case", STACKS)
def test_stacks(here, monkeypatch, case):
    """`promic data`, which is also the first rule of every run."""
    damage, says = STACKS[case]
    damage(here / "stack")
    with refused(here, says):
        promic(
            monkeypatch,
            "data",
            "phantom",
            "--path",
            here / "stack",
            "--write",
            here / "out" / "data.json",
        )


COMMANDS = {
    "misspelt data set": (["data", "lucci"], "data set 'lucci' is unknown"),
    "a part of Lucchi": (
        ["data", "lucchi", "--path", "{here}/stack"],
        "has 6 slices, not ids 0..164",
    ),
    "a file in the way": (
        ["data", "phantom", "--path", "{here}/stack", "--write", "{here}/out/data.json/x.json"],
        "x.json cannot be written",
    ),
    "unwritable folder": (
        ["data", "phantom", "--path", "{here}/stack", "--write", "/proc/promic/data.json"],
        "data.json cannot be written",
    ),
    "misspelt run": (["verdicts", "--run", "quik/phantom"], "no run 'quik/phantom'"),
    "report of no run": (["report", "quik/phantom"], "no run 'quik/phantom'"),
    "comparison with no run": (
        ["compare", "quick/phantom", "quik/phantom"],
        "no run 'quik/phantom'",
    ),
    "explain no figure": (["explain", "{here}/none.png"], "none.png does not exist"),
    "explain what has no sidecar": (
        ["explain", "{here}/out/model.safetensors"],
        "has no readable sidecar",
    ),
    "publish no figure": (["publish", "ap50", "--run", "quick/phantom"], "has no 'ap50'"),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_commands(here, monkeypatch, case):
    args, says = COMMANDS[case]
    with refused(here, says):
        promic(monkeypatch, *(a.format(here=here) for a in args))


def test_a_full_disk_at_the_command(here, monkeypatch):
    with refused(here, "data.json cannot be written (File too large)"), full_disk():
        promic(
            monkeypatch,
            "data",
            "phantom",
            "--path",
            here / "stack",
            "--write",
            here / "out" / "data.json",
        )


RUNS = {
    "a truncated table": (
        "tables/bd_ap.parquet",
        b"PAR1 cut",
        "bd_ap.parquet is no whole Parquet table",
    ),
    "a damaged sidecar": (
        "tables/bd_ap.json",
        b'{"artifact": ',
        "bd_ap.json has no readable sidecar",
    ),
    "a foreign sidecar": ("tables/bd_ap.json", b"{}", "bd_ap.json is not a sidecar"),
}


@pytest.mark.parametrize("case", RUNS)
def test_a_damaged_run(here, monkeypatch, case):
    name, content, says = RUNS[case]
    run = here / "data/runs/quick/phantom"
    (run / "tables/old.parquet").unlink()
    Run("08_detection", {"profile": "quick", "dataset": "phantom"}).save_table(
        pd.DataFrame({"recipe": ["B"]}), run / "tables/bd_ap", "BD-AP."
    )
    (run / name).write_bytes(content)
    with refused(here, says):
        promic(monkeypatch, "report", "quick/phantom")


PROFILES = {
    "misspelt key": ({"detectr": "small"}, "Did you mean 'detector'?"),
    "misspelt codec": (
        {"benchmark": {"codecs": {"jpg": [{"quality": 5}]}}},
        "benchmark.codecs.jpg",
    ),
    "misspelt codec setting": (
        {"benchmark": {"codecs": {"jpeg": [{"qualty": 5}]}}},
        "unknown parameter 'qualty'. Did you mean 'quality'?",
    ),
    "setting out of range": (
        {"benchmark": {"codecs": {"hevc": [{"qp": 60}]}}},
        "a whole number from 0 to 51",
    ),
    "negative target rate": (
        {"benchmark": {"codecs": {"jpeg": [{"target_bpp": [-0.5]}]}}},
        "target_bpp",
    ),
    "misspelt metric": ({"benchmark": {"metrics": ["pnsr"]}}, "benchmark.metrics.0"),
    "misspelt model": ({"recipes": ["original", "A", "PROMIC"]}, "recipes.2"),
    "a model without the one before it": ({"recipes": ["ProMIC"]}, "start from A"),
    "negative rate": ({"rates": {"low": {"beta": -0.005}}}, "rates.low.beta"),
    "a rate that leads out of the folder": (
        {"rates": {"../../low": {"beta": 0.005}}},
        "rates.../../low",
    ),
    "a profile that leads out of the folder": ({"profile": "../quick"}, "profile: "),
    "no learning rate": (
        {"latent": {"steps": 4, "learning_rate": float("nan")}},
        "latent.learning_rate",
    ),
    "no steps": ({"latent": {"steps": 0, "learning_rate": 0.1}}, "latent.steps"),
    "a crop of no use": ({"crop": 100}, "crop: "),
    "a text for a number": ({"min_bd_points": "2"}, "min_bd_points"),
    "a rate without a model": ({"rates": {"low": {"gain": 3}}}, "a rate names a beta"),
    "a list for a mapping": ({"rates": [1, 2]}, "rates: "),
    "evaluation without validation slices": (
        {"latent": {"steps": 4, "learning_rate": 0.1, "solver": {"eval_every": 2}}},
        "has no validation slices",
    ),
}


def merged(base: dict, change: dict) -> dict:
    """As Snakemake merges `--configfile` files."""
    return {
        **base,
        **{
            k: merged(base[k], v)
            if isinstance(v, dict) and isinstance(base.get(k), dict) and k != "rates"
            else v
            for k, v in change.items()
        },
    }


@pytest.mark.parametrize("case", PROFILES)
def test_profiles(here, case):
    change, says = PROFILES[case]
    base = yaml.safe_load((ROOT / "config/smoke.yaml").read_text())
    with refused(here, says):
        load_profile(merged(base, change))


PARAMETERS = {
    "misspelt parameter": (
        ["-p", "codex", "hevc"],
        "unknown parameter 'codex'. Did you mean 'codec'?",
    ),
    "misspelt codec": (["-p", "codec", "heic"], "parameter 'codec' is 'heic'. Choices: 'jpeg'"),
    "misspelt metric": (["-y", "metrics: [psnr, vamf]"], "parameter 'metrics'"),
    "wrong type": (["-y", "settings: 30"], "parameter 'settings' is 30"),
    "negative number": (["-p", "threads", "-1"], "a whole number from 1"),
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_notebook_parameters(here, case):
    """papermill's own command; no kernel starts, and the earlier output stays."""
    from papermill.__main__ import papermill

    args, says = PARAMETERS[case]
    before = files(here)
    notebook, out = ROOT / "notebooks/03_codec_benchmark.ipynb", here / "out/out.ipynb"
    done = CliRunner().invoke(
        papermill, ["--engine", "promic", "--no-progress-bar", str(notebook), str(out), *args]
    )
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    lines = [line for line in done.output.splitlines() if line.startswith("promic: ")]
    assert len(lines) == 1 and says in lines[0] and "Traceback" not in done.output
    assert files(here) == before


def jpegai(name: str = "jpegai_bop_off", **settings):
    return codecs.get(name, **settings)


def stream() -> bytes:
    return jpegai().encode(GREY)


CODECS = {
    "misspelt codec": (lambda _: codecs.get("jpg"), "codec 'jpg' is unknown"),
    "misspelt setting": (lambda _: codecs.get("jpeg", qualtiy=3), "Did you mean 'quality'?"),
    "negative quality": (lambda _: codecs.get("jpeg", quality=-1), "parameter 'quality' is -1"),
    "negative target rate": (lambda _: codecs.target("jpeg", GREY, -0.5), "target_bpp"),
    "unknown beta": (lambda _: jpegai(beta=0.003), "do not exist (registered betas:"),
    "16-bit image": (lambda _: codecs.get("jpeg").encode(GREY.astype(np.uint16)), "uint16"),
    "NaN image": (lambda _: jpegai().encode(np.full((64, 64), np.nan, np.float32)), "float32"),
    "RGBA image": (lambda _: jpegai().encode(np.zeros((64, 64, 4), np.uint8)), "(64, 64, 4)"),
    "tiny image": (lambda _: codecs.get("jpeg").encode(GREY[:8, :8]), "at least 16x16"),
    "huge image": (
        lambda _: jpegai().encode(np.broadcast_to(np.uint8(0), (2**14, 2**13))),
        "16384x8192 samples",
    ),
    "truncated stream": (lambda _: jpegai().decode(stream()[:-7]), "stream"),
    "no stream": (lambda _: codecs.get("jpeg").decode(b""), "stream"),
    "stream of another codec": (
        lambda _: jpegai().decode(codecs.get("jpeg").encode(GREY)),
        "stream",
    ),
    "stream of other weights": (lambda _: jpegai(beta=0.005).decode(stream()), "weights"),
    "folder without networks": (
        lambda h: codecs.get("jpegai_vm33", folder=str(h)),
        "VM 3.3 networks are not in",
    ),
}


@pytest.mark.parametrize("case", CODECS)
def test_codecs(here, case):
    act, says = CODECS[case]
    with refused(here, says):
        act(here)


class Evil:
    """A pickle that writes a file when it is read."""

    def __reduce__(self):
        return (exec, ("import pathlib; pathlib.Path('/tmp/promic-was-here').touch()",))


def shipped() -> bytes:
    return (codec_weights.WEIGHTS / "jpegai_beta0.02.safetensors").read_bytes()


def codec_file(content):
    """Open a codec on a weight file with this content."""

    def act(here: Path):
        (here / "w.safetensors").write_bytes(content())
        return jpegai(weights_file=str(here / "w.safetensors"))

    return act


def registered(here: Path):
    """A shipped file in which one bit has changed."""
    for name in ("registry.yaml", "jpegai_beta0.02.safetensors"):
        shutil.copy(codec_weights.WEIGHTS / name, here)
    file = here / "jpegai_beta0.02.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x55")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec_weights, "WEIGHTS", here)
        jpegai(beta=0.02)


def detector_file(name: str, content, load=None):
    """Load a detector from a file with this content."""

    def act(here: Path):
        content(here / name) if not isinstance(content, bytes) else (here / name).write_bytes(
            content
        )
        return (load or load_detector)(here / name)

    return act


def cut_checkpoint(path: Path):
    torch.save({"a": torch.zeros(99)}, path)
    path.write_bytes(path.read_bytes()[:300])


def cut_weights(path: Path):
    save_weights(build_detector("small"), path)
    path.write_bytes(path.read_bytes()[:-100])


def wrong_shape(path: Path):
    model = build_detector("small")
    first, *_ = state = model.weights()
    save_file({**{k: v.contiguous() for k, v in state.items()}, first: torch.zeros(1)}, path)


WEIGHTS = {
    "codec: a pickle": (
        codec_file(lambda: pickle.dumps(Evil())),
        "w.safetensors is not a safetensors file",
    ),
    "codec: truncated": (
        codec_file(lambda: shipped()[:-1000]),
        "w.safetensors is not a safetensors file",
    ),
    "codec: empty file": (codec_file(lambda: b""), "w.safetensors is not a safetensors file"),
    "codec: missing": (
        lambda h: jpegai(weights_file=str(h / "none.safetensors")),
        "none.safetensors do not exist",
    ),
    "codec: wrong hash": (registered, "registered is"),
    "codec: a detector's": (
        lambda h: (
            save_weights(build_detector("small"), h / "d.safetensors"),
            jpegai(weights_file=str(h / "d.safetensors")),
        ),
        "does not hold a JPEG-AI-style model",
    ),
    "detector: a pickle": (
        detector_file("d.safetensors", pickle.dumps(Evil())),
        "is not a whole safetensors file",
    ),
    "detector: truncated": (
        detector_file("d.safetensors", cut_weights),
        "is not a whole safetensors file",
    ),
    "detector: missing": (
        lambda h: load_detector(h / "none.safetensors"),
        "none.safetensors is not a whole safetensors file",
    ),
    "detector: another model's": (
        detector_file(
            "d.safetensors", wrong_shape, lambda p: load_weights(build_detector("small"), p)
        ),
        "holds another model (first wrong tensor:",
    ),
    "detector: a codec's": (
        lambda h: load_detector(codec_weights.WEIGHTS / "jpegai_beta0.02.safetensors"),
        "holds no detector with its settings",
    ),
    "start: a pickle that calls something": (
        detector_file("m.pkl", pickle.dumps({"model": Evil()}), read_state),
        "it wants to call",
    ),
    "start: a .pth that calls something": (
        detector_file("m.pth", lambda p: torch.save({"model": Evil()}, p), read_state),
        "could not be read",
    ),
    "start: a truncated .pth": (
        detector_file("m.pth", cut_checkpoint, read_state),
        "could not be read as weights",
    ),
    "start: no tensors": (
        detector_file("m.pth", lambda p: torch.save({"a": 1}, p), read_state),
        "holds no named tensors",
    ),
    "start: unknown kind": (detector_file("m.bin", b"", read_state), "is of no known kind"),
    "start: misspelt": (
        lambda h: build_detector("resnet50", weights="imagnet"),
        "imagnet is of no known kind",
    ),
    "start: weights for another backbone": (
        lambda h: build_detector("small", weights="imagenet"),
        "no weights 'imagenet' for the backbone",
    ),
    "teacher: a pickle": (
        detector_file("t.pt", lambda p: torch.save(Evil(), p), load_teacher),
        "does not hold MobileFaceNet",
    ),
    "teacher: a list": (
        detector_file("t.pt", lambda p: torch.save([1, 2], p), load_teacher),
        "does not hold MobileFaceNet",
    ),
    "misspelt engine": (
        lambda h: build_detector("small", engine="torchvison"),
        "engine 'torchvison' is unknown",
    ),
    "misspelt configuration": (lambda h: build_detector("smal"), "configuration 'smal' is unknown"),
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_weights(here, case):
    act, says = WEIGHTS[case]
    with refused(here, says):
        act(here)
    assert not Path("/tmp/promic-was-here").exists()


class Standin:
    """A codec that takes no time: the latent is a mean."""

    name, setting, sha256 = "standin", "q1", ""

    def encode(self, image):
        return image[::16, ::16].tobytes()

    def decode(self, stream):
        return np.zeros((256, 256), np.uint8)

    def latent(self, stream):
        return np.frombuffer(stream, np.uint8).reshape(1, 16, 16).astype(np.float32)


def array(name: str, value: np.ndarray):
    return lambda folder: np.save(folder / name, value, allow_pickle=True)


LATENTS = {
    "none there": (shutil.rmtree, "holds no encoded slices"),
    "unfinished": (lambda f: (f / "signature.json").unlink(), "holds no encoded slices"),
    "a damaged signature": (
        lambda f: (f / "signature.json").write_text('{"of": {"ids"'),
        "is no signature of latents",
    ),
    "of other data": (
        lambda f: (f / "signature.json").write_text(
            (f / "signature.json").read_text().replace('"standin"', '"jpeg"')
        ),
        "have codec='jpeg', expected 'standin'",
    ),
    "truncated": (cut("latents.npy"), "latents.npy is missing or damaged"),
    "no images": (lambda f: (f / "images.npy").unlink(), "images.npy is missing or damaged"),
    "a pickle": (
        array("latents.npy", np.array([Evil(), Evil()], object)),
        "latents.npy is missing or damaged",
    ),
    "of other slices": (
        array("latents.npy", np.zeros((5, 1, 16, 16), np.float32)),
        "latents.npy is float32 (5, 1, 16, 16)",
    ),
    "of another type": (array("images.npy", np.zeros((2, 256, 256))), "images.npy is float64"),
    "NaN": (
        array("latents.npy", np.full((2, 1, 16, 16), np.nan, np.float32)),
        "the latent of slice 0 is not finite",
    ),
}


@pytest.mark.parametrize("case", LATENTS)
def test_latents(here, case):
    stack = open_stack("phantom", here / "stack")
    folder = here / "latents"
    encode_slices(Standin(), stack, "test", [0, 1], folder)
    damage, says = LATENTS[case]
    damage(folder)
    with refused(here, says):
        load_slices(folder, {"codec": "standin"})


def test_latents_on_a_full_disk(here):
    with (
        refused(here, "images.npy cannot be written"),
        full_disk(50_000),
    ):  # the latents still have room
        encode_slices(
            Standin(), open_stack("phantom", here / "stack"), "test", [0, 1], here / "latents"
        )


def table(here: Path, path: str):
    return Run("01_dataset", {"profile": "quick"}).save_table(
        pd.DataFrame({"a": np.arange(1000.0)}), here / path, "A table."
    )


WRITES = {
    "table, full disk": (lambda h: table(h, "out/table"), 100, "table.parquet cannot be written"),
    "table, a file in the way": (
        lambda h: table(h, "out/table.parquet/a"),
        None,
        "a.parquet cannot be written",
    ),
    "table, unwritable folder": (
        lambda h: table(h, "/proc/promic/a"),
        None,
        "a.parquet cannot be written",
    ),
    "detector, full disk": (
        lambda h: save_weights(build_detector("small"), h / "out/model.safetensors"),
        4096,
        "model.safetensors cannot be",
    ),
    "detector, a folder in the way": (
        lambda h: save_weights(build_detector("small"), h / "out"),
        None,
        "out cannot be written",
    ),
    "codec, full disk": (
        lambda h: codec_weights.save(jpegai().model, h / "out/model.safetensors"),
        4096,
        "model.safetensors cannot be written",
    ),
    "journal, full disk": (
        lambda h: Journal(h / "journal.jsonl").__setitem__("k", "v" * 1000),
        100,
        "journal.jsonl cannot be written",
    ),
    "a table that is not there": (
        lambda h: Run("08_detection", {}).read_table(h / "none.parquet"),
        None,
        "none.parquet does not exist",
    ),
    "a table that is none": (
        lambda h: Run("08_detection", {}).read_table(h / "out/table.parquet"),
        None,
        "table.parquet is no whole Parquet table",
    ),
    "report, a folder in the way": (
        lambda h: write_report(_with_folder(h)),
        None,
        "report.html cannot be written",
    ),
}


def _with_folder(here: Path):
    (here / "data/runs/quick/phantom/report.html").mkdir()
    return find_run(here, "quick/phantom")


@pytest.mark.parametrize("case", WRITES)
def test_writing_and_reading(here, case):
    act, most, says = WRITES[case]
    with refused(here, says), full_disk(most) if most else contextlib.nullcontext():
        act(here)


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "x" * 1000)
    return buffer.getvalue()


GOOD = archive("Lucchi++/Train_In/mask0000.png")
DOWNLOADS = {
    "wrong hash": (b"something else", GOOD, "has the wrong hash"),
    "half-downloaded": (GOOD[:200], GOOD, "lucchi"),
    "a zip with ../ paths": (
        archive("Lucchi++/a.png", "../../evil.txt"),
        None,
        "holds the path '../../evil.txt'",
    ),
    "a zip with absolute paths": (
        archive("/tmp/promic-was-here"),
        None,
        "holds the path '/tmp/promic-was-here'",
    ),
    "a damaged zip": (GOOD[:-30], None, "cannot be unpacked"),
    "another archive": (archive("Kasthuri++/a.png"), None, "does not hold Lucchi++/"),
}


class Server(http.server.BaseHTTPRequestHandler):
    """Sends `body`, and claims as many bytes as `promised` has."""

    body = promised = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.promised)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("case", DOWNLOADS)
def test_downloads(here, monkeypatch, case):
    body, promised, says = DOWNLOADS[case]
    handler = type(
        "Handler",
        (Server,),
        {"body": body, "promised": promised if case == "half-downloaded" else body},
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pinned = sha256(promised or body).hexdigest()
        url = f"http://127.0.0.1:{server.server_port}/lucchi_pp.zip"
        monkeypatch.setattr(lucchi, "ARCHIVE", download.Archive(url, pinned, "Lucchi++"))
        with refused(here, says):
            promic(monkeypatch, "data", "lucchi")
        server.shutdown()
    assert not list(here.rglob("evil*")) and not Path("/tmp/promic-was-here").exists()
    assert not list(here.rglob("*.part")), "half-unpacked"


CLOSED = "http://127.0.0.1:9/"  # the discard port: nobody listens
OFFLINE = {
    "a data set": (
        lambda m: m.setattr(
            lucchi, "ARCHIVE", download.Archive(f"{CLOSED}lucchi.zip", "0" * 64, "Lucchi++")
        ),
        lambda h: open_stack("lucchi", cache=h),
        "could not be downloaded",
    ),
    "published weights": (
        lambda m: m.setitem(
            pretrained.PUBLISHED, "imagenet", pretrained.Published(f"{CLOSED}r.pth", "0676ba61", "")
        ),
        lambda h: pretrained.fetch("imagenet", h / "cache"),
        "could not be downloaded",
    ),
}


@pytest.mark.parametrize("case", OFFLINE)
def test_no_network(here, monkeypatch, case):
    patch, act, says = OFFLINE[case]
    patch(monkeypatch)
    with refused(here, says):
        act(here)


def boxes(*values: float) -> np.ndarray:
    return np.array([values], np.float32)


OTHERS = {
    "cells: no folder": (lambda h: open_cells(h / "none"), "none does not exist"),
    "cells: too few": (
        lambda h: ((h / "c/images").mkdir(parents=True), open_cells(h / "c")),
        "holds 0 images",
    ),
    "cells: grey": (lambda h: _cell(h, encoded(GREY)), "(64, 64)"),
    "cells: huge": (lambda h: _cell(h, png(60000, 60000)), "claims more than"),
    "cells: corrupt": (
        lambda h: _cell(h, encoded(np.dstack([GREY] * 3))[:900]),
        "cannot be read as an image",
    ),
    "pictures: misspelt set": (
        lambda h: open_pictures("cifar", h),
        "picture set 'cifar' is unknown",
    ),
    "pictures: no folder": (lambda h: open_pictures("orl", h / "none"), "which is none"),
    "pictures: another layout": (lambda h: open_pictures("orl", h / "stack"), "holds no ORL faces"),
    "pictures: labels that are no numbers": (lambda h: _labels(h), "does not hold cifar10"),
    "metric: NaN": (lambda h: compute(GREY, np.full((64, 64), np.nan), ["psnr"]), "not finite"),
    "metric: other shape": (lambda h: compute(GREY, GREY[:32], ["psnr"]), "shapes are"),
    "metric: tiny": (lambda h: compute(GREY[:8, :8], GREY[:8, :8], ["ms_ssim"]), "defined from"),
    "metric: misspelt": (lambda h: compute(GREY, GREY, ["pnsr"]), "metric 'pnsr' is unknown"),
    "BD-rate: NaN": (
        lambda h: bd_rate([1, 2, 3, 4], [1, 2, 3, np.nan], [1, 2, 3, 4], [1, 2, 3, 4]),
        "not finite",
    ),
    "BD-rate: negative rate": (
        lambda h: bd_rate([-1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]),
        "not positive",
    ),
    "AP: NaN boxes": (
        lambda h: average_precision(
            [boxes(0, 0, 9, 9)], [Detections(boxes(0, 0, np.nan, 9), np.ones(1))]
        ),
        "finite",
    ),
}


def _cell(here: Path, content: bytes):
    (here / "c" / "images").mkdir(parents=True)
    for i in range(5):
        (here / "c" / "images" / f"{i}.png").write_bytes(content)
    open_cells(here / "c").image(0)


def _labels(here: Path):
    (here / "p").mkdir()
    (here / "p" / "cifar10_batch_0.png").write_bytes(encoded(np.zeros((2, 1024, 3), np.uint8)))
    (here / "p" / "labels.csv").write_text("label\nfrog\ncat\n")
    open_pictures("cifar10", here / "p")


@pytest.mark.parametrize("case", OTHERS)
def test_other_readers(here, case):
    act, says = OTHERS[case]
    with refused(here, says):
        act(here)


MAKE = {
    "misspelt profile": (
        ["PROFILE=quik"],
        "profile 'quik' is unknown. Choose one of: cpu paper quick smoke",
    ),
    "no data folder": (["DATA=none"], "data folder none does not exist"),
    "no settings": (["SETTINGS=none.yaml"], "settings none.yaml do not exist"),
    "no cells": (["CELLS=none"], "cell images none/images do not exist"),
    "two runs in one folder": (
        [],
        "another make reproduce is running in this folder. Wait for it to end",
    ),
}


@pytest.mark.parametrize("case", MAKE)
def test_make_reproduce(here, case):
    args, says = MAKE[case]
    for name in ("Makefile", "config"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, here / name)
    before = files(here)
    command = ["make", "--old-file=.venv/.installed", "reproduce", "PYTHON=python3", *args]
    if case == "two runs in one folder":
        if not shutil.which("flock"):
            pytest.skip("without flock, Snakemake's own lock says it")
        command = ["flock", "data/.lock", *command]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    lines = [
        line for line in (done.stdout + done.stderr).splitlines() if line.startswith("promic: ")
    ]
    assert len(lines) == 1 and says in lines[0]
    assert {k: v for k, v in files(here).items() if k != "data/.lock"} == before


def test_snakemake_starts_with_a_mistake(here):
    """The Snakefile itself, as a cluster's user would start it."""
    change = yaml.safe_dump(
        merged(
            yaml.safe_load((ROOT / "config/smoke.yaml").read_text()),
            {"recipes": ["original", "a"]},
        )
    )
    (here / "mine.yaml").write_text(change)
    for name in ("Snakefile", "notebooks"):
        (here / name).symlink_to(ROOT / name)
    before = files(here)
    command = [Path(sys.executable).parent / "snakemake", "--configfile", "mine.yaml", "--dry-run"]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    lines = [
        line for line in (done.stdout + done.stderr).splitlines() if line.startswith("promic: ")
    ]
    assert done.returncode != 0 and len(lines) == 1 and "recipes.1" in lines[0]
    assert {k: v for k, v in files(here).items() if not k.startswith(".snakemake")} == before


def test_there_are_sixty_cases():
    tables = (
        STACKS,
        COMMANDS,
        RUNS,
        PROFILES,
        PARAMETERS,
        CODECS,
        WEIGHTS,
        LATENTS,
        WRITES,
        DOWNLOADS,
        OFFLINE,
        OTHERS,
        MAKE,
    )
    assert sum(map(len, tables)) >= 60
    assert json.dumps([list(t) for t in tables])  # names are texts
