"""JPEG AI VM 3.3: our networks against the ONNX files and their tensors, exact bitstreams, and
clear words where files are missing.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from promic_nb import codecs
from promic_nb.codecs import BitstreamError, bpp
from promic_nb.codecs.jpegai import tiles, vm33_weights
from promic_nb.codecs.jpegai.bitstream import Stream
from promic_nb.codecs.jpegai.model import LOG_STEP
from promic_nb.codecs.jpegai.vm33 import Vm33
from promic_nb.codecs.jpegai.vm33_codec import SIGMA_BOUNDS, Vm33Codec
from promic_nb.datasets import download
from promic_nb.errors import UserError

# network: elements of its weights and biases (facts about the files: docs/codecs-vm33.md)
PARAMETERS = {
    "analysis": 903_168,
    "hyper_encoder": 737_920,
    "hyper_decoder": 836_096,
    "hyper_scale_decoder": 819_712,
    "synthesis": 498_240,
}


def run(model: Vm33, network: str, x: torch.Tensor) -> np.ndarray:
    """A network from and to what its ONNX file takes and gives."""
    x = {"analysis": (x - 127.5) / 128, "hyper_encoder": x.abs()}.get(network, x)
    y = getattr(model, network)(x)
    return (F.pixel_unshuffle(y, 4) if network == "synthesis" else y).numpy()


@pytest.fixture(scope="module")
def random_networks():
    """Networks with random weights: they code badly, but must code exactly.

    Sigma is near 1, so that most symbols are coded.
    """
    torch.manual_seed(0)
    model = Vm33().eval().requires_grad_(False)
    model.hyper_scale_decoder[-1].bias.fill_(1.0)
    model.hyper_encoder[-1].weight.mul_(100)
    return model


@pytest.fixture(params=["random", "published"])
def codec(request, monkeypatch):
    """Makes codecs with random weights, and with the published ones where they are."""
    if request.param == "published":
        folder = str(request.getfixturevalue("vm33_folder"))
        return lambda gain=0: Vm33Codec(gain, folder)
    model = request.getfixturevalue("random_networks")
    monkeypatch.setattr(vm33_weights, "locate", lambda folder="": Path(folder))
    monkeypatch.setattr(vm33_weights, "load", lambda path: model)
    return Vm33Codec


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.mark.real_data
@pytest.mark.parametrize("network", PARAMETERS)
def test_networks_equal_the_onnx_files(vm33_folder, network):
    runtime = pytest.importorskip("onnxruntime")
    runtime.set_default_logger_severity(3)
    session = runtime.InferenceSession(str(vm33_folder / Path(vm33_weights.FILES[network][0]).name))
    given = session.get_inputs()[0]
    rng = np.random.default_rng(0)
    x = (
        rng.uniform(0, 255, given.shape)
        if network == "analysis"
        else rng.laplace(0, 2, given.shape)
    ).astype(np.float32)
    (expected,) = session.run(None, {given.name: x})
    ours = run(vm33_weights.load(vm33_folder), network, torch.from_numpy(x))
    assert np.abs(ours - expected).max() < 1e-4 * max(1, np.abs(expected).max())


@pytest.mark.real_data
@pytest.mark.parametrize("network", ["hyper_encoder", "hyper_decoder", "hyper_scale_decoder"])
def test_networks_equal_the_tensors_of_the_verification_model(vm33_folder, network):
    tensors = {side: vm33_folder / "io" / f"{side}_{network}_y" for side in ("input", "output")}
    if missing := [str(path) for path in tensors.values() if not path.is_file()]:
        pytest.skip(f"no {missing[0]}")
    x, expected = (np.fromfile(path, np.float32) for path in tensors.values())
    side = 64 if network == "hyper_encoder" else 16
    ours = run(
        vm33_weights.load(vm33_folder), network, torch.from_numpy(x).view(1, 128, side, side)
    )
    assert np.abs(ours.ravel() - expected).max() < 1e-4


def test_parameter_counts_of_the_published_networks():
    model = Vm33()
    assert {
        name: sum(p.numel() for p in getattr(model, name).parameters()) for name in PARAMETERS
    } == PARAMETERS


@pytest.mark.real_data
def test_other_weights_are_not_imported(vm33_folder):
    with pytest.raises(ValueError, match="shape"):
        vm33_weights.import_weights(
            Vm33().hyper_encoder, vm33_folder / "hyper_scale_decoder_y.onnx"
        )


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(16, 150), st.integers(16, 150), st.integers(0, 99))
def test_every_size_decodes_to_what_was_quantized(codec, height, width, seed):
    coder, image = codec(), noise(height, width, seed)
    seen = []
    coder.quantize = lambda y, side: (
        seen.append((Vm33Codec.quantize(coder, y, side), side)) or seen[-1][0]
    )
    stream = coder.encode(image)
    latent = coder.latent(stream)
    assert latent.dtype == np.float32 and latent.shape == (128, -(-height // 16), -(-width // 16))
    assert (coder.dequantize(*seen[0])[0].float().numpy() == latent).all()
    assert coder.decode(stream).shape == image.shape
    assert coder.encode(image) == stream


def test_latents_are_equal_with_other_threads_and_without_onednn(codec):
    coder = codec()
    stream = coder.encode(noise(128, 96))
    expected = coder.latent(stream)
    torch.set_num_threads(2)
    try:
        with torch.backends.mkldnn.flags(enabled=False):
            assert (coder.latent(stream) == expected).all()
    finally:
        torch.set_num_threads(1)


def test_tiling_does_not_change_the_result(random_networks, monkeypatch):
    """The receptive fields stay within the tiles' margin of 64 samples."""
    x = torch.rand(1, 1, 333, 515) * 255
    y = random_networks.latent(x)
    whole = random_networks.reconstruct(y)
    monkeypatch.setattr(tiles, "TILE", 256)
    monkeypatch.setattr(tiles, "MAX_SAMPLES", 2**14)
    assert torch.allclose(tiles.tiled(random_networks.latent, x, (333, 515), -16), y, atol=1e-5)
    assert torch.allclose(
        tiles.tiled(random_networks.reconstruct, y, (333, 515), 16), whole, atol=1e-3
    )


def test_a_stream_decodes_with_its_own_gain(codec):
    stream = codec(300).encode(noise(64, 64))
    assert (codec().latent(stream) == codec(300).latent(stream)).all()


@pytest.mark.real_data
def test_more_gain_is_more_rate_and_more_quality(vm33_folder, lucchi):
    """Also far above the gain of 1, where without the skip rule quality falls."""
    image = lucchi.image("test", 0)[:512, :512]
    rates, errors = [], []
    for gain in (-1069, -443, 0, 443, 702):
        coder = Vm33Codec(gain, str(vm33_folder))
        stream = coder.encode(image)
        rates.append(bpp(stream, image.shape))
        errors.append(np.mean((coder.decode(stream).astype(float) - image) ** 2))
    assert rates == sorted(rates) and len(set(rates)) == 5
    assert errors == sorted(errors, reverse=True) and len(set(errors)) == 5


def test_scale_indexes_are_the_nearest_in_the_logarithm():
    """For every sigma of the fixed-point grid, against a logarithm taken directly."""
    n = np.arange(1, 60 * 1024)
    exact = 128 * np.log(n / 1024 / 0.11) / LOG_STEP
    expected = np.clip(np.floor(exact + 0.5), 0, 32 * 128 - 1)
    assert (
        torch.bucketize(torch.from_numpy(n).double(), SIGMA_BOUNDS, right=True).numpy() == expected
    ).all()
    assert (
        np.abs(exact + 0.5 - np.round(exact + 0.5)).min() > 1e-7
    )  # no machine's logarithm could decide otherwise


def test_streams_of_other_codecs_are_refused(codec):
    foreign = Stream(32, 32, 0, b"abcd", b"", b"", codec_id=1).pack()
    with pytest.raises(BitstreamError, match="codec 1, jpegai_vm33 is 2"):
        codec().decode(foreign)


def test_another_prior_is_refused(codec):
    with pytest.raises(BitstreamError, match="made with weights"):
        codec().decode(Stream(32, 32, 0, b"abcd", b"", b"", codec_id=2).pack())


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    with pytest.raises(
        UserError,
        match=rf"not in {tmp_path} \(single_encode_y\.onnx is missing\)\. "
        "Download them: .*PROMIC_VM33=PATH",
    ):
        codecs.get("jpegai_vm33", folder=str(tmp_path))
    monkeypatch.setenv("PROMIC_VM33", str(tmp_path / "other"))
    with pytest.raises(UserError, match=f"{tmp_path}/other"):
        codecs.get("jpegai_vm33")
    monkeypatch.delenv("PROMIC_VM33")
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    with pytest.raises(UserError, match=f"{tmp_path}/data/jpeg-ai-vm3.3"):
        codecs.get("jpegai_vm33")


def test_downloads_are_the_pinned_files(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    monkeypatch.setattr(
        download.pooch, "retrieve", lambda url, **options: asked.append((url, options))
    )
    assert vm33_weights.download() == tmp_path / "data" / "jpeg-ai-vm3.3"
    for (url, options), (source, sha256) in zip(asked, vm33_weights.FILES.values(), strict=True):
        assert "/4612a67ee353307320677b65ebb10e8f124ac231/" in url and url.endswith(source)
        assert options["known_hash"] == f"sha256:{sha256}" and options["fname"] == Path(source).name


def test_without_a_connection_the_remedy_is_named(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    monkeypatch.setattr(download.pooch, "retrieve", refuse)
    with pytest.raises(
        UserError,
        match=r"jpeg-ai-vm3\.3 could not be downloaded \(no route to host\)"
        ".*PROMIC_VM33=PATH.*4612a67e",
    ):
        vm33_weights.download()


@pytest.mark.real_data
def test_changed_files_are_refused(vm33_folder, tmp_path):
    for source, _ in vm33_weights.FILES.values():
        shutil.copyfile(vm33_folder / Path(source).name, tmp_path / Path(source).name)
    with (tmp_path / "decoder_y.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(
        UserError, match=r"decoder_y\.onnx has SHA-256 .* registered is 814fa6b3c5c5"
    ):
        codecs.get("jpegai_vm33", folder=str(tmp_path))
