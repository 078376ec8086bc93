"""Mistakes in own stacks: one clear line, and no file is written or changed."""

import json
import os
import shutil

import numpy as np
import own_stacks as own
import pytest
import tifffile
import yaml
from bad_input import cut, encoded, full_disk, promic, put, refused
from PIL import Image


def pngs(folder):
    return own.folder_of_pngs(folder)


def grey(folder, name, array):
    Image.fromarray(array).save(folder / name)


def changed(**values):
    """Keys of the stack.yaml replaced."""

    def change(folder):
        file = folder / "stack.yaml"
        file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **values}))

    return change


def other_category(folder):
    file = folder / "annotations.json"
    content = json.loads(file.read_text())
    content["categories"][1]["name"] = "vesicle"
    file.write_text(json.dumps(content))


def box_at(*box):
    """The first box of a COCO file replaced."""

    def change(folder):
        file = folder / "annotations.json"
        content = json.loads(file.read_text())
        content["annotations"][0]["bbox"] = box
        file.write_text(json.dumps(content))

    return change


INIT = {
    "no folder": (pngs, shutil.rmtree, "mine is no folder"),
    "an empty folder": (pngs, lambda f: (shutil.rmtree(f), f.mkdir()), "mine holds no images"),
    "two kinds of images": (
        pngs,
        lambda f: tifffile.imwrite(f / "other.tif", own.slices(1)[0]),
        "several kinds of images: em/*.png, other.tif",
    ),
    "two kinds of labels": (
        pngs,
        lambda f: shutil.copytree(f / "seg", f / "nuclei"),
        "several kinds of labels: nuclei/*.png, seg/*.png",
    ),
    "a label that matches no image": (
        pngs,
        lambda f: (f / "seg/section_03.png").rename(f / "seg/section_99.png"),
        "section_99.png matches no slice",
    ),
    "a corrupt image": (pngs, cut("em/section_06.png"), "cannot be read as an image"),
    "a corrupt TIFF": (
        lambda f: own.multi_page(f),
        put("volume.tif", b"II*\0nothing"),
        "volume.tif cannot be read as an image",
    ),
    "several channels": (
        pngs,
        lambda f: (
            shutil.rmtree(f / "em"),
            tifffile.imwrite(
                f / "em.ome.tif", np.zeros((5, 2, 64, 64), np.uint8), metadata={"axes": "ZCYX"}
            ),
        ),
        "em.ome.tif has 2 channels",
    ),
    "labels in colour": (
        pngs,
        lambda f: [
            p.write_bytes(
                encoded(
                    np.dstack([own.labels((9, 9, 9))] * 2 + [own.labels((1, 1, 1))]).astype(
                        np.uint8
                    )
                )
            )
            for p in (f / "seg").iterdir()
        ],
        "is a label in colour",
    ),
}


@pytest.mark.parametrize("case", INIT)
def test_init(here, monkeypatch, case):
    draw, damage, says = INIT[case]
    damage(draw(here / "mine"))
    with refused(here, says):
        promic(monkeypatch, "stack", "init", here / "mine")
    assert not (here / "mine" / "stack.yaml").exists()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--window", "5"], "--window is '5'"),
        (["--window", "9,2"], "is no range of samples"),
        (["--kind", "boxes"], "labels of kind 'boxes'"),
        (["--name", "lucchi"], "is that of a built-in data set"),
        (["--name", "a/b"], "name"),
        (["--images", "../*.png"], "leads out of the folder"),
        (["--pixel-size", "-4"], "pixel_size_nm"),
    ],
)
def test_options_of_init(here, monkeypatch, option, says):
    pngs(here / "mine")
    with refused(here, says):
        promic(monkeypatch, "stack", "init", here / "mine", *option)
    assert not (here / "mine" / "stack.yaml").exists()


CHECK = {
    "no stack.yaml": (pngs, lambda f: (f / "stack.yaml").unlink(), "stack.yaml does not exist"),
    "no YAML": (pngs, put("stack.yaml", b"name: [mine"), "stack.yaml is no YAML"),
    "an empty stack.yaml": (pngs, put("stack.yaml", b""), "stack.yaml"),
    "an unknown key": (pngs, changed(pixels=5), "stack.yaml: pixels: Extra inputs"),
    "shares that are not whole": (
        pngs,
        changed(split={"train": 0.5, "val": 0.1, "test": 0.1}),
        "must add up to 1",
    ),
    "a slice in two splits": (
        pngs,
        changed(split={"train": [0, 1], "val": [1], "test": [3]}),
        "slice 1 is listed twice",
    ),
    "a slice that is not there": (
        pngs,
        changed(split={"train": [0, 1], "val": [2], "test": [12]}),
        "split.test lists slice 12",
    ),
    "too few slices": (
        pngs,
        changed(
            images="em/section_0[0-3].png", labels={"kind": "masks", "files": "seg/*0[0-3].png"}
        ),
        "4 slices are too few for three blocks with a gap of 1",
    ),
    "images that are gone": (pngs, lambda f: shutil.rmtree(f / "em"), "no image matches"),
    "labels that are gone": (pngs, lambda f: shutil.rmtree(f / "seg"), "no label matches"),
    "two sizes": (
        pngs,
        lambda f: grey(f, "em/section_05.png", own.slices(1, (120, 131))[0]),
        "section_05.png is uint8 of 120x131",
    ),
    "two depths": (
        pngs,
        lambda f: (
            changed(window=[0, 255])(f),
            grey(f, "em/section_05.png", own.slices(1)[0].astype(np.uint16)),
        ),
        "section_05.png is uint16 of 97x131",
    ),
    "16 bits without a window": (
        lambda f: own.ome_tiff(f),
        changed(window=None),
        "has uint16 samples, and no window says",
    ),
    "a label of another size": (
        pngs,
        lambda f: grey(f, "seg/section_02.png", np.zeros((64, 64), np.uint8)),
        "section_02.png has 64x64 pixels, its slice 97x131",
    ),
    "a class value that is never named": (
        pngs,
        changed(labels={"kind": "classes", "files": "seg/*.png"}, classes={"healthy": 40}),
        "has the value 255, which no class in stack.yaml names",
    ),
    "classes without values": (
        pngs,
        changed(labels={"kind": "classes", "files": "seg/*.png"}),
        "classes must be name: value",
    ),
    "a category that is never named": (
        lambda f: own.coco(f),
        other_category,
        "has the category 'vesicle', which no class in stack.yaml names",
    ),
    "a box outside its slice": (
        lambda f: own.coco(f),
        box_at(100, 10, 80, 10),
        "is not inside its slice",
    ),
    "a box left of its slice": (
        lambda f: own.coco(f),
        box_at(-20, 10, 40, 10),
        "is not inside its slice",
    ),
    "slices too small": (
        pngs,
        lambda f: [
            (grey(f, p.relative_to(f), np.zeros((32, 64), np.uint8)))
            for p in [*(f / "em").iterdir(), *(f / "seg").iterdir()]
        ],
        "have 32x64 pixels",
    ),
}


@pytest.mark.parametrize("case", CHECK)
def test_check(here, monkeypatch, case):
    draw, damage, says = CHECK[case]
    promic_init(monkeypatch, draw(here / "mine"))
    damage(here / "mine")
    with refused(here, says):
        promic(monkeypatch, "stack", "check", here / "mine")
    assert not (here / "mine" / "stack_preview.png").exists()


def promic_init(monkeypatch, folder):
    with pytest.raises(SystemExit) as ended:
        promic(monkeypatch, "stack", "init", folder)
    assert not ended.value.code


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda f: own.folder_of_pngs(f, values=(0, 0, 0)), "shows an object"),
        (lambda f: shutil.rmtree(own.folder_of_pngs(f) / "seg"), "has no labels"),
        (lambda f: own.folder_of_pngs(f, count=2), "no slices for train, val"),
    ],
    ids=["empty masks", "no labels", "two slices"],
)
def test_what_cannot_be_trained_on_is_refused_before_a_run(here, monkeypatch, draw, says):
    draw(here / "mine")
    promic_init(monkeypatch, here / "mine")
    with refused(here, says):
        promic(
            monkeypatch, "data", "mine", "--path", here / "mine", "--write", here / "out/data.json"
        )


def test_a_name_that_is_not_the_stack_s(here, monkeypatch):
    promic_init(monkeypatch, pngs(here / "mine"))
    with refused(here, "holds the stack 'mine', not 'lucchi'"):
        promic(monkeypatch, "data", "lucchi", "--path", here / "mine")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(here, monkeypatch):
    (pngs(here / "mine")).chmod(0o555)
    with refused(here, "stack.yaml cannot be written"):
        promic(monkeypatch, "stack", "init", here / "mine")


def test_a_full_disk(here, monkeypatch):
    pngs(here / "mine")
    with refused(here, "stack.yaml cannot be written"), full_disk(50):
        promic(monkeypatch, "stack", "init", here / "mine")


def test_a_full_disk_under_the_preview(here, monkeypatch):
    promic_init(monkeypatch, pngs(here / "mine"))
    with refused(here, "stack_preview.png cannot be written"), full_disk(1000):
        promic(monkeypatch, "stack", "check", here / "mine")
