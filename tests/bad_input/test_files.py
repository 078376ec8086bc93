"""Mistakes in encode, decode, detect and evaluate: one clear line, nothing half-written."""

import json
import os

import numpy as np
import own_stacks as own
import pytest
from bad_input import encoded, full_disk, promic, refused
from PIL import Image

from promic_nb.codecs.jpegai import weights
from promic_nb.lab.coding import encode
from promic_nb.models.build import build_detector, build_translator, mirror
from promic_nb.models.card import Card, RatePoint
from promic_nb.models.weights import save_weights

SHA256 = weights.registry()["jpegai_beta0.02.safetensors"]["sha256"]


@pytest.fixture
def work(here):
    """Images, a stream of the learned codec, and detectors of pixels and of latents."""
    own.folder_of_pngs(here / "mine", count=2)
    image = here / "mine/em/section_00.png"
    encode(image, "jpegai_bop_off", here / "streams", settings={"beta": 0.02})
    encode(image, "jpegxl", here / "jxl")
    save_weights(build_detector("small"), here / "pixels.safetensors")
    for name, sha256 in (("latents", SHA256), ("others", "ab" * 32)):
        model = mirror(build_detector("small"), build_translator("small", 160, True))
        model.card = Card("ProMIC", rates=(RatePoint("", "jpegai_bop_off", "beta0.02", sha256),))
        save_weights(model, here / f"{name}.safetensors")
    return here


STREAM = "streams/section_00.pmai"


def of_other_weights(work):
    """The stream names weights that are not here; its checksum is right."""
    from dataclasses import replace

    from promic_nb.codecs.jpegai.bitstream import unpack

    file = work / STREAM
    file.write_bytes(replace(unpack(file.read_bytes()), weights=b"\1\2\3\4").pack())
    (work / f"{STREAM}.json").unlink()


def cut_short(work):
    file = work / STREAM
    file.write_bytes(file.read_bytes()[:-9])


def deep(work):
    (work / "deep").mkdir()
    Image.fromarray(own.sixteen_bits(own.slices(1)[0])).save(work / "deep/a.png")


def doubled(work):
    for name in "ab":
        (work / name).mkdir()
        Image.fromarray(own.slices(1)[0]).save(work / name / "s.png")


DETECT = ["detect", "--out", "new"]
CASES = {
    "encode: no such file": (
        ["encode", "gone.png", "--codec", "jpeg", "--out", "new"],
        None,
        "gone",
    ),
    "encode: an empty folder": (
        ["encode", "empty", "--codec", "jpeg", "--out", "new"],
        lambda w: (w / "empty").mkdir(),
        "empty holds no images",
    ),
    "encode: an unknown codec": (
        ["encode", "mine/em", "--codec", "jpg", "--out", "new"],
        None,
        "codec 'jpg' is unknown. Did you mean 'jpeg'",
    ),
    "encode: an unknown setting": (
        ["encode", "mine/em", "--codec", "jpeg", "--set", "qp=3", "--out", "new"],
        None,
        "unknown parameter 'qp'",
    ),
    "encode: a setting without a value": (
        ["encode", "mine/em", "--codec", "jpeg", "--set", "quality", "--out", "new"],
        None,
        "--set quality has no value",
    ),
    "encode: a setting beside the rate that it fixes": (
        [
            "encode",
            "mine/em",
            "--codec",
            "jpeg",
            "--set",
            "quality=9",
            "--bpp",
            "1",
            "--out",
            "new",
        ],
        None,
        "target_bpp is given with quality",
    ),
    "encode: an impossible rate": (
        ["encode", "mine/em", "--codec", "jpeg", "--bpp", "-1", "--out", "new"],
        None,
        "target_bpp",
    ),
    "encode: 16 bits without a window": (
        ["encode", "deep", "--codec", "jpeg", "--out", "new"],
        deep,
        "has uint16 samples, and no window says",
    ),
    "encode: two images of one name": (
        ["encode", "a", "b", "--codec", "jpeg", "--out", "new"],
        doubled,
        "several are called 's'",
    ),
    "encode: a file where the folder should be": (
        ["encode", "mine/em", "--codec", "jpeg", "--out", "out/data.json"],
        None,
        "cannot be written",
    ),
    "decode: no such file": (["decode", "gone.pmai", "--out", "new"], None, "does not exist"),
    "decode: a folder without streams": (
        ["decode", "mine/em", "--out", "new"],
        None,
        "no bitstreams were given",
    ),
    "decode: a stream of no known codec": (
        ["decode", "x.bin", "--out", "new"],
        lambda w: (w / "x.bin").write_bytes(b"something else"),
        "x.bin is a stream of no codec that is known here",
    ),
    "decode: a stream of weights that are not here": (
        ["decode", STREAM, "--out", "new"],
        of_other_weights,
        "was made with the weights 01020304..., which are not here",
    ),
    "decode: a stream cut short": (
        ["decode", STREAM, "--out", "new"],
        cut_short,
        "is not the stream that section_00.pmai.json describes",
    ),
    "decode: a damaged note": (
        ["decode", STREAM, "--out", "new"],
        lambda w: (w / f"{STREAM}.json").write_text('{"codec": 3'),
        "section_00.pmai.json is no note of a stream",
    ),
    "detect: an unknown model": (
        [*DETECT, "mine/em", "--model", "nothing"],
        None,
        "detector 'nothing' is unknown",
    ),
    "detect: a file that is no model": (
        [*DETECT, "mine/em", "--model", "out/model.safetensors"],
        None,
        "is not a whole safetensors file",
    ),
    "detect: images for a model of latents": (
        [*DETECT, "mine/em", "--model", "latents.safetensors"],
        None,
        "cannot read pixels",
    ),
    "detect: a codec without a latent": (
        [*DETECT, "jxl", "--model", "latents.safetensors"],
        None,
        "is of the codec 'jpegxl', which has no latent",
    ),
    "detect: a model of another codec's latents": (
        [*DETECT, "streams", "--model", "others.safetensors"],
        None,
        "the detector was trained on latents of abababab...",
    ),
    "detect: a stream of weights that are not here": (
        [*DETECT, STREAM, "--model", "latents.safetensors"],
        of_other_weights,
        "was made with the weights 01020304",
    ),
    "detect: a stream cut short": (
        [*DETECT, STREAM, "--model", "latents.safetensors"],
        cut_short,
        "is not the stream that",
    ),
    "detect: a score that is none": (
        [*DETECT, "mine/em", "--model", "pixels.safetensors", "--score", "50"],
        None,
        "the score 50.0 is out of range",
    ),
    "evaluate: no detections": (["evaluate", "out", "mine"], None, "detections.json is missing"),
    "evaluate: no COCO": (["evaluate", "out/data.json", "mine"], None, "is no COCO file"),
    "evaluate: labels without a stack.yaml": (
        ["evaluate", "coco/annotations.json", "mine"],
        lambda w: scored(w, "annotations.json"),
        "mine has no stack.yaml",
    ),
    "evaluate: labels in place of detections": (
        ["evaluate", "coco/annotations.json", "coco/annotations.json"],
        lambda w: own.coco(w / "coco", count=2),
        "has no score or no bbox",
    ),
    "evaluate: images without labels": (
        ["evaluate", "coco/scored.json", "coco/annotations.json"],
        lambda w: scored(w, "scored.json", rename=True),
        "the image 'other' of the detections has no labels",
    ),
}


def scored(work, name, rename=False):
    """A COCO file with scores."""
    folder = own.coco(work / "coco", count=2)
    content = json.loads((folder / "annotations.json").read_text())
    for record in content["annotations"]:
        record["score"] = 0.5
    if rename:
        content["images"][0]["file_name"] = "other.png"
    (folder / name).write_text(json.dumps(content))


@pytest.mark.parametrize("case", CASES)
def test_commands(work, monkeypatch, case):
    arguments, damage, says = CASES[case]
    monkeypatch.chdir(work)
    if damage:
        damage(work)
    with refused(work, says):
        promic(monkeypatch, *arguments)
    assert not (work / "new").exists(), "something was written"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(work, monkeypatch):
    (work / "closed").mkdir(mode=0o555)
    with refused(work, "cannot be written"):
        promic(
            monkeypatch, "encode", work / "mine/em", "--codec", "jpeg", "--out", work / "closed/new"
        )


def test_a_full_disk_under_streams(work, monkeypatch):
    with refused(work, "cannot be written"), full_disk(300):
        promic(monkeypatch, "encode", work / "mine/em", "--codec", "jpeg", "--out", work / "new")
    assert not list((work / "new").glob("*.jpg"))


def test_a_full_disk_under_images(work, monkeypatch):
    with refused(work, "section_00.png cannot be written"), full_disk(300):
        promic(monkeypatch, "decode", work / "streams", "--out", work / "new")
    assert not list((work / "new").iterdir())


def test_a_full_disk_under_detections(work, monkeypatch):
    with refused(work, "cannot be written"), full_disk(2000):
        promic(
            monkeypatch,
            *("detect", work / "mine/em", "--model", work / "pixels.safetensors"),
            *("--out", work / "new"),
        )
    assert not list((work / "new").glob("detections.*"))


def test_a_picture_that_is_no_image(work, monkeypatch):
    (work / "bad.png").write_bytes(encoded(np.zeros((64, 64), np.uint8))[:60])
    with refused(work, "bad.png cannot be read as an image"):
        promic(monkeypatch, "encode", work / "bad.png", "--codec", "jpeg", "--out", work / "new")
