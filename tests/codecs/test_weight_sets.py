"""The setting `weights` of the learned codecs: a set of shipped models, or a file of one's own."""

import shutil

import numpy as np
import pytest

from promic_nb import codecs
from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.learned import weight_file
from promic_nb.errors import UserError
from promic_nb.experiment.jobs.rule import weight_files

SHIPPED = weights.WEIGHTS / "jpegai_beta0.005.safetensors"
IMAGE = np.random.default_rng(0).integers(0, 256, (48, 80), dtype=np.uint8)


def test_a_name_and_the_path_of_its_file_make_equal_streams(tmp_path):
    own = shutil.copy(SHIPPED, tmp_path / "own_beta0.005.safetensors")
    named = codecs.get("jpegai_bop_off", weights="lucchi", beta=0.005)
    assert codecs.get("jpegai_bop_off", weights=str(own)).encode(IMAGE) == named.encode(IMAGE)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("luchi", "'luchi' are unknown. Choose one of lucchi, general, or give the path"),
        ("weights.pt", "'weights.pt' are unknown"),
        ("none.safetensors", "none.safetensors do not exist"),
    ],
)
def test_unknown_weights_are_an_error(given, message):
    with pytest.raises(UserError, match=message):
        codecs.get("jpegai_bop_off", weights=given)


def test_a_file_of_another_format_is_an_error(tmp_path):
    path = tmp_path / "own.safetensors"
    path.write_bytes(b"\x80\x04pickle")
    with pytest.raises(UserError, match=r"own\.safetensors is not a safetensors file"):
        codecs.get("jpegai_bop_off", weights=str(path))


def test_a_stream_names_the_weights_that_decode_it():
    low, high = (
        codecs.get("jpegai_bop_off", weights="lucchi", beta=beta) for beta in (0.005, 0.02)
    )
    with pytest.raises(codecs.BitstreamError, match=weights.read(SHIPPED)[1][:8]):
        high.decode(low.encode(IMAGE))


def test_a_search_for_a_rate_stays_within_the_set(monkeypatch):
    files = {
        "jpegai_beta0.02.safetensors": {"beta": 0.02, "operation_points": ["bop"]},
        "jpegai_beta0.005.safetensors": {"beta": 0.005, "operation_points": ["bop", "hop"]},
        "jpegai_general0.01.safetensors": {"beta": 0.01, "operation_points": ["bop"]},
        "jpegai_vm33_prior.safetensors": {},
    }
    monkeypatch.setattr(weights, "registry", lambda: files)
    models = codecs.rate_control("jpegai_bop_off").models
    assert models({"weights": "lucchi"}) == [{"beta": 0.005}, {"beta": 0.02}]
    assert models({"weights": "general"}) == [{"beta": 0.01}]
    assert models({"weights": "own.safetensors"}) == [{}]
    assert codecs.rate_control("jpegai_hop_off").models({"weights": "lucchi"}) == [{"beta": 0.005}]


def test_a_rule_reads_the_files_of_its_settings():
    settings = [{"beta": 0.02, "weights": "general"}, {"beta": 0.02, "weights": "lucchi"}]
    assert [path.name for path in weight_files("jpegai_bop_off", settings, "vnc")] == [
        "jpegai_general0.02.safetensors",
        "jpegai_beta0.02.safetensors",
    ]
    assert weight_file("a/own.safetensors", 1.0) == "a/own.safetensors"


@pytest.mark.parametrize(
    ("dataset", "file"),
    [("lucchi", "jpegai_beta0.005.safetensors"), ("phantom", "jpegai_general0.02.safetensors")],
)
def test_the_data_set_chooses_the_weights(dataset, file):
    settings = codecs.for_dataset("jpegai_bop_off", {"beta": 0.005}, dataset)
    assert codecs.get("jpegai_bop_off", **settings).path.name == file
    assert [path.name for path in weight_files("jpegai_bop_off", [{"beta": 0.005}], dataset)] == [
        file
    ]
    chosen = {"weights": "lucchi"}
    assert codecs.for_dataset("jpegai_bop_off", chosen, dataset) == chosen


@pytest.mark.parametrize("name", ["jpegai_bop_off", "jpegai_bop_on", "jpegai_hop_off"])
def test_every_codec_of_the_family_has_general_weights(name):
    codec = codecs.get(name)
    assert codec.path.name == "jpegai_general0.02.safetensors"
    assert codec.decode(codec.encode(IMAGE)).shape == IMAGE.shape


def test_a_beta_of_the_general_set_is_a_gain():
    """A quarter of the weight of the distortion: quantization steps twice as coarse."""
    step = np.exp(np.log(54.82 / 0.11) / 31 / 128)  # of the scale grid of VM 7.0, a level / 128
    codec = codecs.get("jpegai_bop_off", weights="general", beta=0.005, gain=7)
    assert codec.gain == round(np.log(1 / 2) / np.log(step)) + 7
    assert codecs.get("jpegai_bop_off", weights="general").gain == 0
    with pytest.raises(UserError, match="is out of range"):
        codecs.get("jpegai_bop_off", weights="general", beta=123.0)
