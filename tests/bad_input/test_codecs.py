"""Bad settings, images and bitstreams at the codecs."""

import numpy as np
import pytest
from bad_input import GREY, refused

from promic_nb import codecs


def jpegai(name: str = "jpegai_bop_off", **settings):
    return codecs.get(name, **settings)


def stream() -> bytes:
    return jpegai().encode(GREY)


CODECS = {
    "misspelt codec": (lambda _: codecs.get("jpg"), "codec 'jpg' is unknown"),
    "misspelt setting": (lambda _: codecs.get("jpeg", qualtiy=3), "Did you mean 'quality'?"),
    "negative quality": (lambda _: codecs.get("jpeg", quality=-1), "parameter 'quality' is -1"),
    "negative target rate": (lambda _: codecs.target("jpeg", GREY, -0.5), "target_bpp"),
    "unknown beta": (
        lambda _: jpegai(beta=0.003, weights="lucchi"),
        "do not exist (registered betas:",
    ),
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
    "stream of other weights": (lambda _: jpegai(weights="lucchi").decode(stream()), "weights"),
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
