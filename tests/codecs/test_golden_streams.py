"""Bitstreams that version 0.1 wrote with the weights of Lucchi decode to the same latents."""

import base64
import hashlib

import pytest

from promic_nb import codecs


@pytest.mark.parametrize(
    ("name", "beta", "stream", "digest"),
    [
        (
            "jpegai_bop_off",
            0.005,
            "P)$Ke0s#O3AOJ7`w*DL~a6b$H003=?bYzkc003nIZn8H2RkRQR008mI{|5j7=KrZACom>_{B@K5y"
            "ovw+LH}T(*E=8g`-%VmF|z;vF#%_E8tTs(l2Qgu!TeeDGnx",
            "4798caa4abf3c029",
        ),
        (
            "jpegai_bop_on",
            0.02,
            "P)$Ke0s#X6AOJ7`MEz>4Is^y+002UZ86N1K004Xc=nFl4D*(y-k1qZHV_=O5=UlS?8C3NDR8=AK|"
            "FWh@l<*A%tbdUo0Tgin0Aam-twltq+Wo!&;apIz3vqWGyWR",
            "aa5e19e257a75d10",
        ),
        (
            "jpegai_hop_off",
            0.02,
            "P)$Ke0s#O3AOJ7`T>fgTIs^y+004D-2it8s004OYC=d<+00960akl#Z008{|>4MCJ+gi*2m8kOnG"
            "9)0F+newKbwT6(($q2L0QWIr0q{cr?aiMdr>C>Z;kPqcPPSH!;K(yfckS($;*|",
            "611b4f8839af929f",
        ),
    ],
)
def test_streams_of_version_0_1_decode_to_the_same_latents(name, beta, stream, digest):
    codec = codecs.get(name, weights="lucchi", beta=beta)
    latent = codec.latent(base64.b85decode(stream))
    assert latent.shape == (160, 2, 3)
    assert hashlib.sha256(latent.tobytes()).hexdigest().startswith(digest)
