"""Weight files that are damaged, foreign, or would run code."""

import pickle
import shutil
from pathlib import Path

import pytest
import torch
from bad_input import Evil, refused
from safetensors.torch import save_file

from promic_nb import codecs
from promic_nb.codecs.jpegai import weights as codec_weights
from promic_nb.models.build import build_detector
from promic_nb.models.checkpoints import read_state
from promic_nb.models.load import load_detector
from promic_nb.models.weights import load_weights, save_weights
from promic_nb.studies.multitask.mobilefacenet import load_teacher


def jpegai(name: str = "jpegai_bop_off", **settings):
    return codecs.get(name, **settings)


def shipped() -> bytes:
    return (codec_weights.WEIGHTS / "jpegai_beta0.02.safetensors").read_bytes()


def codec_file(content):
    """Open a codec on a weight file with this content."""

    def act(here: Path):
        (here / "w.safetensors").write_bytes(content())
        return jpegai(weights=str(here / "w.safetensors"))

    return act


def registered(here: Path):
    """A shipped file in which one bit has changed."""
    for name in ("registry.yaml", "jpegai_beta0.02.safetensors"):
        shutil.copy(codec_weights.WEIGHTS / name, here)
    file = here / "jpegai_beta0.02.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x55")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec_weights, "WEIGHTS", here)
        jpegai(weights="lucchi")


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
        lambda h: jpegai(weights=str(h / "none.safetensors")),
        "none.safetensors do not exist",
    ),
    "codec: wrong hash": (registered, "registered is"),
    "codec: a detector's": (
        lambda h: (
            save_weights(build_detector("small"), h / "d.safetensors"),
            jpegai(weights=str(h / "d.safetensors")),
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
