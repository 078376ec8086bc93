"""`detect` takes an image, a latent or a bitstream, and refuses what a model cannot read."""

import numpy as np
import pytest
import torch

from promic_nb import codecs
from promic_nb.codecs.jpegai import weights
from promic_nb.errors import UserError
from promic_nb.models.adapters import RateAffine
from promic_nb.models.api import detect
from promic_nb.models.build import build_detector, build_translator, mirror
from promic_nb.models.card import Card, RatePoint
from promic_nb.models.inputs import Batch
from promic_nb.models.slices import detect_slices

SIZE = (64, 96)
SHA256 = weights.registry()["jpegai_beta0.02.safetensors"]["sha256"]
IMAGE = np.random.default_rng(0).integers(60, 200, SIZE, dtype=np.uint8)


def latent_model(**options):
    return mirror(build_detector("small"), build_translator("small", 160, True, **options)).eval()


@pytest.fixture(scope="module")
def pixels():
    return build_detector("small").eval()


@pytest.fixture(scope="module")
def latents():
    return latent_model()


@pytest.fixture(scope="module")
def codec():
    return codecs.get("jpegai_bop_off", weights="lucchi", beta=0.02)


@pytest.fixture(scope="module")
def stream(codec):
    return codec.encode(IMAGE)


def same(found, expected):
    assert len(expected.boxes), "nothing to compare"
    assert np.array_equal(found.boxes, expected.boxes)
    assert np.array_equal(found.scores, expected.scores)


def predicted(model, array):
    tensor = torch.from_numpy(array).float()
    return model.predict(Batch([tensor.view(-1, *tensor.shape[-2:])], [SIZE], []))[0]


def test_an_image(pixels):
    same(detect(pixels, IMAGE), predicted(pixels, IMAGE))


def test_a_latent(latents, codec, stream):
    latent = codec.latent(stream)
    same(detect(latents, latent, SIZE), predicted(latents, latent))


def test_a_bitstream_is_decoded_for_a_model_of_pixels(pixels, codec, stream):
    same(detect(pixels, stream), predicted(pixels, codec.decode(stream)))


def test_a_bitstream_is_not_decoded_for_a_model_of_latents(latents, codec, stream, monkeypatch):
    expected = predicted(latents, codec.latent(stream))

    def refuse(*_):
        raise AssertionError("pixels were made")

    monkeypatch.setattr(type(codec), "decode", refuse)
    same(detect(latents, stream), expected)


def test_a_bitstream_of_a_conventional_codec(pixels, latents):
    jpeg = codecs.get("jpeg", quality=80)
    stream = jpeg.encode(IMAGE)
    same(detect(pixels, stream, codec=jpeg), predicted(pixels, jpeg.decode(stream)))
    with pytest.raises(UserError, match="reads latents, and codec 'jpeg' has none"):
        detect(latents, stream, codec=jpeg)


def test_the_wrong_kind_is_refused_in_one_line(pixels, latents, codec, stream):
    latent = codec.latent(stream)
    for model, source, size, message in (
        (latents, IMAGE, None, "reads latents of 160 channels and cannot read pixels"),
        (pixels, latent, SIZE, r"reads pixels and cannot read a latent \(float32 \(160, 4, 6\)\)"),
        (pixels, IMAGE.astype(np.float32), None, r"Give uint8 \(H, W\)"),
        (latents, latent[:9], SIZE, r"reads float32 \(160, h, w\)"),
        (latents, latent, None, r"Give size=\(height, width\)"),
        (latents, latent, (64, 128), "a latent of 4x6 is not that of a slice of 64x128 pixels"),
    ):
        with pytest.raises(UserError, match=message) as error:
            detect(model, source, size)
        assert "\n" not in str(error.value)


def test_latents_of_other_weights_are_refused_by_both_hashes(stream):
    model = latent_model()
    model.card = Card("ProMIC", rates=(RatePoint("low", "jpegai_bop_on", "beta0.005", "1c2d703f"),))
    with pytest.raises(UserError, match=rf"weights {SHA256[:8]}\.\.\., .* latents of 1c2d703f\.\."):
        detect(model, stream)
    model.card = Card("ProMIC", rates=(RatePoint("low", "jpegai_bop_on", "beta0.02", SHA256),))
    detect(model, stream)


def test_the_rate_is_told_by_the_stream_or_by_its_label(codec):
    """Two rates of one codec, at scales of 1 and 1/10 in the model's affine."""
    variance = torch.tensor([[1.0], [100.0]]).expand(2, 160) - 1 / 12
    model = latent_model(rates=RateAffine(variance, learned=False))
    model.card = Card(
        "ProMIC",
        rates=(
            RatePoint("high", "jpegai_bop_off", "beta0.02", SHA256),
            RatePoint("low", "jpegai_bop_off", "beta0.02 gain=-200", SHA256),
        ),
    )
    coarse = codecs.get("jpegai_bop_off", weights="lucchi", beta=0.02, gain=-200)
    latent = coarse.latent(coarse.encode(IMAGE))
    expected = predicted(model, np.concatenate([latent, np.ones_like(latent[:1])]))
    same(detect(model, coarse.encode(IMAGE)), expected)
    same(detect(model, latent, SIZE, rate="low"), expected)
    with pytest.raises(UserError, match="Give rate=, one of: high, low"):
        detect(model, latent, SIZE)
    with pytest.raises(UserError, match="rate 'middle' of this input is not known"):
        detect(model, latent, SIZE, rate="middle")
    unseen = codecs.get("jpegai_bop_off", weights="lucchi", beta=0.02, gain=100).encode(IMAGE)
    with pytest.raises(UserError, match="the rate of this input is not known"):
        detect(model, unseen)


def test_a_batch_gives_the_same_as_single_slices(pixels):
    images = [IMAGE, 255 - IMAGE]
    for found, image in zip(
        detect_slices(pixels, images, SIZE, progress=False), images, strict=True
    ):
        same(found, detect(pixels, image))
