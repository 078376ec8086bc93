"""Images to bitstreams and back, through files."""

from __future__ import annotations

import json

import numpy as np
import own_stacks as own
import pytest
import tifffile
from PIL import Image

from promic_nb import codecs
from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.jpegai.bitstream import unpack
from promic_nb.core.window import Window
from promic_nb.datasets.own.discover import Given, init_stack
from promic_nb.errors import UserError
from promic_nb.lab import coding, streams
from promic_nb.lab.coding import decode, encode


@pytest.mark.parametrize("codec", ["jpeg", "jpeg2000", "jpegxl", "avif", "hevc", "jpegai_bop_off"])
@pytest.mark.parametrize("with_note", [True, False])
def test_a_stream_is_decoded_by_its_own_codec(stack, tmp_path, codec, with_note):
    image = stack / "em" / "section_00.png"
    table = encode(image, codec, tmp_path / "streams")
    (file,) = [p for p in (tmp_path / "streams").iterdir() if p.suffix != ".json"]
    assert table.bytes[0] == file.stat().st_size
    if not with_note:
        streams.note_file(file).unlink()
    decoded = decode(file, tmp_path / "images")
    assert decoded.codec[0] == codec
    expected = codecs.get(codec).decode(file.read_bytes())
    got = np.asarray(Image.open(tmp_path / "images" / "section_00.png"))
    assert got.shape == own.SIZE and np.array_equal(got, expected)


def test_the_rate_is_met_and_true(stack, tmp_path):
    table = encode(stack, "jpegxl", tmp_path, bpp=1.0)
    assert len(table) == 6 and table.met.all()
    sizes = [(tmp_path / name).stat().st_size for name in table.stream]
    assert np.allclose(table.bpp, np.array(sizes) * 8 / (own.SIZE[0] * own.SIZE[1]))
    assert ((table.bpp >= 0.9) & (table.bpp <= 1.05)).all()


def test_an_interrupted_call_goes_on(stack, tmp_path, monkeypatch):
    encode(stack, "jpeg", tmp_path / "whole")
    calls = []
    real = coding.Coding.run

    def run(self, picture):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(picture.name)
        return real(self, picture)

    monkeypatch.setattr(coding.Coding, "run", run)
    with pytest.raises(KeyboardInterrupt):
        encode(stack, "jpeg", tmp_path / "parts")
    monkeypatch.setattr(coding.Coding, "run", lambda s, p: (calls.append(p.name), real(s, p))[1])
    encode(stack, "jpeg", tmp_path / "parts")
    assert calls == [f"section_{i:02d}" for i in range(6)], "a finished slice was encoded again"
    for file in (tmp_path / "whole").iterdir():
        assert (tmp_path / "parts" / file.name).read_bytes() == file.read_bytes()


def test_other_settings_or_a_damaged_stream_are_encoded_again(stack, tmp_path):
    image = stack / "em" / "section_00.png"
    encode(image, "jpeg", tmp_path)
    first = (tmp_path / "section_00.jpg").read_bytes()
    encode(image, "jpeg", tmp_path, settings={"quality": 90})
    second = (tmp_path / "section_00.jpg").read_bytes()
    assert len(second) > len(first)
    (tmp_path / "section_00.jpg").write_bytes(second[:50])
    encode(image, "jpeg", tmp_path, settings={"quality": 90})
    assert (tmp_path / "section_00.jpg").read_bytes() == second


def test_streams_of_other_weights_in_the_same_file_are_encoded_again(stack, tmp_path):
    image, own_file = stack / "em" / "section_00.png", tmp_path / "own.safetensors"
    settings = {"weights": str(own_file)}
    hashes = []
    for shipped in ("jpegai_general0.02", "jpegai_beta0.02"):
        own_file.write_bytes((weights.WEIGHTS / f"{shipped}.safetensors").read_bytes())
        encode(image, "jpegai_bop_off", tmp_path / "streams", settings=settings)
        hashes.append(unpack((tmp_path / "streams" / "section_00.pmai").read_bytes()).weights)
    registered = [
        weights.registry()[f"{n}.safetensors"]["sha256"][:8]
        for n in ("jpegai_general0.02", "jpegai_beta0.02")
    ]
    assert [h.hex() for h in hashes] == registered


@pytest.mark.parametrize("bpp", [0.3, 3.0])
def test_a_rate_between_several_models_is_not_searched_again(stack, tmp_path, monkeypatch, bpp):
    image, settings = stack / "em" / "section_00.png", {"weights": "lucchi"}
    first = encode(image, "jpegai_bop_off", tmp_path, bpp=bpp, settings=settings)
    monkeypatch.setattr(coding.Coding, "run", lambda *_: pytest.fail("encoded again"))
    again = encode(image, "jpegai_bop_off", tmp_path, bpp=bpp, settings=settings)
    assert again.equals(first)


def test_sixteen_bits_come_back_in_their_range(tmp_path):
    folder = own.ome_tiff(tmp_path / "mine", count=2)
    init_stack(folder, Given(window=(500, 4580)))
    encode(folder, "jpegxl", tmp_path / "streams", settings={"distance": 0.3})
    table = decode(tmp_path / "streams", tmp_path / "images")
    assert table.image.tolist() == ["em_0000.tif", "em_0001.tif"]
    got = tifffile.imread(tmp_path / "images" / "em_0001.tif")
    stored = own.sixteen_bits(own.slices(2)[1])
    assert got.dtype == np.uint16 and got.min() >= 500 and got.max() <= 4580
    assert np.abs(got.astype(int) - stored).mean() < 3 * 16


def test_a_window_is_suggested_for_sixteen_bits(tmp_path):
    folder = own.ome_tiff(tmp_path / "mine", count=2)
    with pytest.raises(UserError, match=r"Give one: --window \d+,\d+ is what these images span"):
        encode(folder / "em.ome.tif", "jpeg", tmp_path / "streams")
    assert not (tmp_path / "streams").exists()
    encode(folder / "em.ome.tif", "jpeg", tmp_path / "streams", window=Window(500, 4580))
    note = json.loads((tmp_path / "streams" / "em_0000.jpg.json").read_text())
    assert note["window"] == [500, 4580] and note["pixel_size_nm"] == pytest.approx(8)
