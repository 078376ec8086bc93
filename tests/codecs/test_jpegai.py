"""Bitstreams of the JPEG-AI-style codec: exact decoding at any size, and refusal of what is damaged
or foreign.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from promic_nb import codecs
from promic_nb.codecs import BitstreamError
from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.jpegai.bitstream import OVERHEAD, Stream, unpack
from promic_nb.codecs.jpegai.codec import JpegAiStyleCodec
from promic_nb.codecs.jpegai.model import SCALE_TABLE, JpegAiStyle
from promic_nb.codecs.jpegai.tools import Tools
from promic_nb.errors import UserError


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A codec with random weights, tools and both operation points: it codes badly, but must code
    exactly.
    """
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "jpegai_random.safetensors"
    constants = Tools(
        torch.tensor([9.0, 9.9, 10.1, 11]),
        torch.tensor([-80.0, -40, 0, 40, 80]),
        torch.arange(160) % 2,
        torch.linspace(0.9, 1.1, 7),
    )
    model, hop = JpegAiStyle(), JpegAiStyle("hop")
    model.gain.data = torch.linspace(-2, 2, 160)
    for m in (model, hop):  # large latents, so that there are symbols to code
        m.analysis[-1].weight.data *= 100
    common = {k: v for k, v in model.state_dict().items() if not k.startswith(weights.TRANSFORMS)}
    hop.load_state_dict({**hop.state_dict(), **common})
    weights.save(model, path, hop, tools=constants, beta=0)
    return JpegAiStyleCodec(path)


@pytest.fixture(scope="module", params=[("bop", "on"), ("hop", "off"), ("hop", "on")], ids="_".join)
def other_setting(request, untrained):
    return JpegAiStyleCodec(untrained.path, op=request.param[0], tools=request.param[1])


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


@settings(max_examples=12, deadline=None)
@given(st.integers(16, 100), st.integers(16, 100), st.integers(0, 99))
def test_every_size_decodes_to_the_encoders_latent(untrained, height, width, seed):
    image = noise(height, width, seed)
    stream = untrained.encode(image)
    assert untrained.encode(image) == stream
    latent = untrained.latent(stream)
    assert latent.shape == (160, -(-height // 16), -(-width // 16))
    assert latent.dtype == np.float32
    decoded = untrained.decode(stream)
    assert decoded.shape == image.shape
    assert decoded.dtype == np.uint8


def test_all_four_settings_decode_at_odd_sizes(other_setting):
    image = noise(75, 101)
    stream = other_setting.encode(image)
    assert other_setting.decode(stream).shape == image.shape
    assert other_setting.latent(stream).shape == (160, 5, 7)


def test_settings_differ_in_their_streams(untrained, other_setting):
    image = noise(64, 64)
    assert other_setting.encode(image) != untrained.encode(image)


def test_operation_points_share_the_latent_space(untrained):
    """A stream made with one operation point decodes with the other, as in JPEG AI: same latent,
    another synthesis.
    """
    hop = JpegAiStyleCodec(untrained.path, op="hop")
    stream = untrained.encode(noise(64, 64))
    assert (hop.latent(stream) == untrained.latent(stream)).all()
    assert (hop.decode(stream) != untrained.decode(stream)).any()


def test_a_decoder_follows_the_streams_tools(untrained):
    stream = JpegAiStyleCodec(untrained.path, tools="on").encode(noise(64, 64))
    assert (
        untrained.latent(stream) == JpegAiStyleCodec(untrained.path, tools="on").latent(stream)
    ).all()


@pytest.mark.parametrize("tools", ["off", "on"])
def test_the_decoder_rebuilds_what_the_encoder_quantized(untrained, monkeypatch, tools):
    """The encoder's own latent, caught inside `encode`, equals the decoded one bit by bit."""
    untrained = JpegAiStyleCodec(untrained.path, tools=tools)
    seen = []
    original = JpegAiStyleCodec.code_phases

    def spy(self, *args):
        result = original(self, *args)
        seen.append(result[1])
        return result

    monkeypatch.setattr(JpegAiStyleCodec, "code_phases", spy)
    latent = untrained.latent(untrained.encode(noise(70, 90)))
    encoder, decoder = seen
    assert torch.equal(encoder, decoder)
    if tools == "off":
        assert (encoder[0, :, :5, :6].float().numpy() == latent).all()


def test_latents_are_equal_with_other_threads_and_without_onednn(untrained):
    stream = untrained.encode(noise(128, 96))
    expected = untrained.latent(stream)
    torch.set_num_threads(2)
    try:
        with torch.backends.mkldnn.flags(enabled=False):
            assert (untrained.latent(stream) == expected).all()
    finally:
        torch.set_num_threads(1)


def test_a_finer_gain_costs_rate(untrained):
    image = noise(96, 96)
    sizes = [len(JpegAiStyleCodec(untrained.path, gain).encode(image)) for gain in (-400, 0, 400)]
    assert sizes == sorted(sizes) and len(set(sizes)) == 3


def test_a_stream_decodes_with_its_own_gain(untrained):
    stream = JpegAiStyleCodec(untrained.path, 300).encode(noise(64, 64))
    assert (untrained.latent(stream) == JpegAiStyleCodec(untrained.path, 300).latent(stream)).all()


def test_sigma_grid_is_the_published_one():
    assert SCALE_TABLE[0] == pytest.approx(0.11)
    assert SCALE_TABLE[-1] == pytest.approx(54.82)
    assert np.log(SCALE_TABLE[1] / SCALE_TABLE[0]) == pytest.approx(0.200365, abs=1e-6)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_mutation_passes(untrained_stream, data):
    stream = bytearray(untrained_stream)
    kind = data.draw(st.sampled_from(["flip", "cut", "append"]))
    if kind == "flip":
        stream[data.draw(st.integers(0, len(stream) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        del stream[data.draw(st.integers(0, len(stream) - 1)) :]
    else:
        stream += data.draw(st.binary(min_size=1, max_size=20))
    with pytest.raises(BitstreamError):
        unpack(bytes(stream))


@pytest.fixture(scope="module")
def untrained_stream(untrained):
    return untrained.encode(noise(32, 32))


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"", "0 bytes"),
        (b"\xff\xd8" + bytes(40), "starts with"),
        (Stream(64, 64, 0, b"abcd", b"zz", b"rr").pack()[:-1], "truncated or damaged"),
        (Stream(0, 64, 0, b"abcd", b"", b"").pack(), "claims 0x64"),
        (Stream(65535, 65535, 0, b"abcd", b"", b"").pack(), "claims 65535x65535"),
    ],
)
def test_what_is_wrong_with_a_stream_is_named(stream, message):
    with pytest.raises(BitstreamError, match=message):
        unpack(stream)


def test_a_long_narrow_image_decodes_and_a_longer_one_is_refused(untrained):
    """Sides beyond 16384 were once encoded, and then refused by the decoder."""
    image = noise(16, 20_000)
    assert untrained.decode(untrained.encode(image)).shape == image.shape
    with pytest.raises(UserError, match="16x65536 samples"):
        untrained.encode(np.zeros((16, 65536), np.uint8))


def test_other_weights_are_refused(untrained):
    stream = Stream(32, 32, 0, b"\x01\x02\x03\x04", b"", b"").pack()
    with pytest.raises(BitstreamError, match=r"made with weights 01020304"):
        untrained.decode(stream)


def test_another_codecs_stream_is_refused(untrained):
    stream = Stream(32, 32, 0, bytes.fromhex(untrained.sha256[:8]), b"", b"", codec_id=9).pack()
    with pytest.raises(BitstreamError, match="of codec 9"):
        untrained.decode(stream)


def test_container_overhead_is_small(untrained):
    assert untrained.overhead(b"") == OVERHEAD == 26


def test_models_without_an_operation_point_or_tools_say_so(tmp_path):
    weights.save(JpegAiStyle(), tmp_path / "plain_beta1.safetensors")
    with pytest.raises(UserError, match=r"operation point 'hop' \(it has: bop\)"):
        JpegAiStyleCodec(tmp_path / "plain_beta1.safetensors", op="hop")
    with pytest.raises(UserError, match="has no constants for the tools"):
        JpegAiStyleCodec(tmp_path / "plain_beta1.safetensors", tools="on")


def test_operation_points_of_one_file_must_share_the_common_networks(tmp_path):
    with pytest.raises(UserError, match="common networks frozen"):
        weights.save(JpegAiStyle(), tmp_path / "two.safetensors", JpegAiStyle("hop"))
    assert not (tmp_path / "two.safetensors").exists()


def test_wrong_weight_files_are_named(tmp_path):
    with pytest.raises(UserError, match="do not exist"):
        weights.load(tmp_path / "none.safetensors")
    (tmp_path / "pickle.safetensors").write_bytes(b"\x80\x04" + bytes(100))
    with pytest.raises(UserError, match="not a safetensors file"):
        weights.load(tmp_path / "pickle.safetensors")
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="does not hold a JPEG-AI-style model"):
        weights.load(tmp_path / "other.safetensors")


def test_registered_weights_are_the_registered_bytes():
    assert weights.registry(), "data/weights/registry.yaml lists no weights"
    for name, about in weights.registry().items():
        assert weights.read(weights.WEIGHTS / name)[1] == about["sha256"]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "settings", "quality"),
    [
        ("jpegai_bop_off", {"beta": 0.005, "weights": "lucchi"}, 8),
        ("jpegai_bop_on", {"weights": "lucchi", "gain": -420}, 12),
        ("jpegai_hop_off", {"weights": "lucchi", "gain": -420}, 12),
        ("jpegai_hop_on", {"weights": "lucchi"}, 42),
    ],
)
def test_trained_codec_beats_jpeg_on_a_real_slice(lucchi, name, settings, quality):
    """At a rate no higher than JPEG's, at least 1 dB more."""
    from promic_nb.metrics import compute

    image = lucchi.image("test", lucchi.ids("test")[0])
    ours, jpeg = codecs.get(name, **settings), codecs.get("jpeg", quality=quality)
    streams = {c.name: c.encode(image) for c in (ours, jpeg)}
    psnr = {
        c.name: compute(image, c.decode(streams[c.name]), ["psnr"])["psnr"] for c in (ours, jpeg)
    }
    assert len(streams[name]) <= len(streams["jpeg"])
    assert psnr[name] > psnr["jpeg"] + 1
