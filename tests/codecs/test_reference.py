"""The adapter to the JPEG AI reference software, on a stand-in that behaves like it; and on the
software itself where it is at hand.
"""

import importlib.util
import os
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from promic_nb import codecs
from promic_nb.codecs import BitstreamError, LatentCodec
from promic_nb.errors import UserError

_spec = importlib.util.spec_from_file_location("standin", Path(__file__).with_name("standin.py"))
standin = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(standin)

IMAGE = np.random.default_rng(1).integers(0, 256, (70, 90), dtype=np.uint8)


@pytest.fixture(scope="module", params=["vm7", "is"])
def folder(request, tmp_path_factory):
    return standin.write_standin(
        tmp_path_factory.mktemp("a folder with spaces; $HOME") / request.param, request.param
    )


def reference(folder, **settings):
    return codecs.get("jpegai_reference", folder=str(folder), python=sys.executable, **settings)


@pytest.mark.parametrize("point", ["bop", "hop"])
@pytest.mark.parametrize("tools", ["on", "off"])
def test_the_four_settings_reach_the_encoder(folder, point, tools):
    codec = reference(folder, bpp=0.75, operation_point=point, tools=tools)
    stream = codec.encode(IMAGE)
    magic, height, width, target, hop, on = struct.unpack_from("<4sHHHBB", stream)
    assert (magic, height, width, target) == (b"FAKE", 70, 90, 75)
    assert (bool(hop), bool(on)) == (point == "hop", tools == "on")
    assert codecs.bpp(stream, IMAGE.shape) == pytest.approx(0.75, abs=0.01)
    assert isinstance(codec, LatentCodec) and codec.setting == f"{point} tools {tools} bpp=0.75"


def test_decoding_gives_the_softwares_luma(folder):
    codec = reference(folder)
    expected = IMAGE[::8, ::8].repeat(8, 0).repeat(8, 1)[:70, :90]
    assert (codec.decode(codec.encode(IMAGE)) == expected).all()


def test_latents_are_read_back_from_the_decoders_dump(folder):
    codec = reference(folder)
    latent = codec.latent(codec.encode(IMAGE))
    assert latent.shape == (160, 5, 6) and latent.dtype == np.float32
    assert (latent[7] == IMAGE[::16, ::16]).all()


def test_a_dump_is_data_not_code(tmp_path):
    """A pickle that would run a command is refused."""
    top = standin.write_standin(tmp_path / "repository")
    codec = reference(top)
    stream = codec.encode(IMAGE)
    source = (top / "src" / "common.py").read_text()
    call = f"(os.mkdir, ({str(tmp_path / 'ran')!r},))"
    evil = f"import pickle; c = type('C', (), dict(__reduce__=lambda s: {call})); "
    evil += "pickle.dump(c(), out.open('wb'))"
    (top / "src" / "common.py").write_text(
        source.replace("torch.save((y[None, None] * torch.ones(160)[:, None, None]), out)", evil)
    )
    with pytest.raises(UserError, match="the dumped latent cannot be read"):
        codec.latent(stream)
    assert not (tmp_path / "ran").exists()


def test_a_target_rate_is_one_call(folder):
    found = codecs.target(
        "jpegai_reference",
        IMAGE,
        0.5,
        folder=str(folder),
        python=sys.executable,
        operation_point="hop",
    )
    assert found.met and found.encodes == 1


def test_the_environment_names_folder_and_python(folder, monkeypatch):
    monkeypatch.setenv("JPEG_AI_REFERENCE", str(folder))
    monkeypatch.setenv("JPEG_AI_PYTHON", sys.executable)
    assert "stand-in" in codecs.get("jpegai_reference").version()


@pytest.mark.parametrize(
    "damage",
    [lambda s: s[:-3], lambda s: b"\xff\xd8" + s, lambda s: s[:30] + b"?" + s[31:], lambda s: b""],
)
def test_damaged_streams_are_refused(folder, damage):
    codec = reference(folder)
    stream = damage(codec.encode(IMAGE))
    for read in (codec.decode, codec.latent):
        with pytest.raises(BitstreamError, match="the JPEG AI decoder failed"):
            read(stream)


def test_absence_says_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.delenv("JPEG_AI_REFERENCE", raising=False)
    with pytest.raises(
        UserError, match=r"no JPEG AI reference software is named\. Clone https://gitlab"
    ):
        codecs.get("jpegai_reference")
    with pytest.raises(UserError, match="holds no JPEG AI reference software"):
        reference(tmp_path)


def lfs_pointer(top):
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{64 * 'a'}\nsize 2665088\n"
    (top / "models" / "VM_0" / "analysis.pth").write_text(text)


def unfetched(top):
    (top / "models" / "VM_0" / "analysis.pth").rename(top / "models" / "VM_0" / "analysis.pth.dvc")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lfs_pointer,
            r"models/VM_0/analysis\.pth .* is a git-lfs pointer of 13\d bytes, not weights\. "
            "Run git lfs pull",
        ),
        (unfetched, "holds no weights"),
        (
            lambda top: (top / "src" / "common.py").write_text("import no_such_module"),
            "does not start with .*no_such_module",
        ),
        (lambda top: (top / "cfg" / "info.json").write_text("{"), "is not JSON"),
        (
            lambda top: shutil.rmtree(top / "cfg" / "oper_point"),
            r"has none of oper_point/bop\.json",
        ),
    ],
)
def test_a_copy_that_cannot_work_is_refused_before_encoding(tmp_path, change, message):
    top = standin.write_standin(tmp_path)
    change(top)
    with pytest.raises(UserError, match=message):
        reference(top)


def test_a_missing_interpreter_is_named(folder):
    with pytest.raises(UserError, match="/nowhere/python cannot be run"):
        codecs.get("jpegai_reference", folder=str(folder), python="/nowhere/python")


def test_an_encoder_that_fails_is_quoted(tmp_path):
    top = standin.write_standin(tmp_path)
    codec = reference(top)
    (top / "cfg" / "tools_off.json").unlink()
    with pytest.raises(
        UserError, match=r"the JPEG AI encoder failed \(.*No such file.*\)\. Run it by hand"
    ):
        codec.encode(IMAGE)


@pytest.mark.skipif(
    "JPEG_AI_REFERENCE" not in os.environ,
    reason="JPEG_AI_REFERENCE names no copy of the JPEG AI reference software",
)
def test_the_software_itself(tiny):
    image = tiny.image("test", 0)
    codec = codecs.get("jpegai_reference", bpp=0.5)
    stream = codec.encode(image)
    assert codecs.bpp(stream, image.shape) == pytest.approx(0.5, rel=0.15)
    assert np.abs(codec.decode(stream).astype(float) - image).mean() < 12
    assert codec.latent(stream).shape == (160, 16, 16)
