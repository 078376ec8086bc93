"""The commands for files as a user calls them, one after another."""

from __future__ import annotations

import json
import sys

import own_stacks as own
import pytest
from PIL import Image

from promic_nb.cli import main as cli
from promic_nb.models.build import build_detector
from promic_nb.models.weights import save_weights


@pytest.fixture
def promic(monkeypatch, tmp_path, capsys):
    """The command in this process, in an empty folder: its output."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str) -> str:
        monkeypatch.setattr(sys, "argv", ["promic", *args])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        return capsys.readouterr().out

    return call


def test_from_a_folder_of_images_to_scores(promic, tmp_path):
    own.folder_of_pngs(tmp_path / "mine", count=3)
    save_weights(build_detector("small"), tmp_path / "model.safetensors")
    assert "Next: promic stack check mine" in promic("stack", "init", "mine", "--pixel-size", "5")
    checked = json.loads(promic("stack", "check", "mine", "--json"))
    assert checked["objects"] == {s: {"mitochondrion": 3} for s in ("train", "val", "test")}
    assert Image.open(tmp_path / "mine" / "stack_preview.png").size[0] > 500
    assert "train  1       3" in promic("stack", "check", "mine")

    rows = json.loads(
        promic("encode", "mine", "--codec", "jpegxl", "--bpp", "1.5", "--out", "streams", "--json")
    )
    assert [row["met"] for row in rows] == [True] * 3
    said = promic("encode", "mine", "--codec", "jpegxl", "--bpp", "1.5", "--out", "streams")
    assert "3 slices in streams" in said and ": 1 against 8 bits" in said
    assert "3 images in images" in promic("decode", "streams", "--out", "images")
    decoded = json.loads(promic("decode", "streams", "--out", "images", "--json"))
    assert [row["codec"] for row in decoded] == ["jpegxl"] * 3

    said = promic("detect", "streams", "--model", "model.safetensors", "--out", "found")
    assert "Read: the decoded image of the bitstream" in said
    found = json.loads(
        promic("detect", "mine", "--model", "model.safetensors", "--out", "found2", "--score", "0",
               "--json")
    )  # fmt: skip
    assert all(row["area_um2"] == pytest.approx(row["area_px"] * 25e-6) for row in found)
    scores = json.loads(promic("evaluate", "found", "mine", "--json"))
    assert {row["metric"]: row["value"] for row in scores}["labels"] == 9
    assert "mitochondrion  3" in promic("evaluate", "found", "mine")


def test_settings_by_name(promic, tmp_path):
    own.folder_of_pngs(tmp_path / "mine", count=1)
    (row,) = json.loads(
        promic(
            *("encode", "mine/em", "--codec", "hevc", "--set", "qp=40", "--set", "preset=fast"),
            *("--out", "streams", "--json"),
        )
    )
    assert row["setting"] == "qp=40 fast" and row["target_bpp"] is None
