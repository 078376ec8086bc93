"""Contract tests: our own entries pass, and each way to break a contract is named."""

from dataclasses import replace
from typing import Annotated

import numpy as np
import pytest

from promic_nb.codecs import contract
from promic_nb.codecs.base import BitstreamError, RateControl, check_image
from promic_nb.codecs.measure import measure
from promic_nb.codecs.registry import CODECS
from promic_nb.core.fields import whole
from promic_nb.errors import ContractError, UserError
from promic_nb.metrics.metric import Metric
from promic_nb.metrics.quality import compute
from promic_nb.metrics.registry import METRICS
from promic_nb.models.registry import ENGINES
from promic_nb.testing import check_codec, check_dataset, check_detector, check_metric

SETTINGS = {"vvc": {"preset": "faster"}}


class Coarse:
    """A codec that keeps the size and every sample's upper bits."""

    name, rate_control = "coarse", RateControl("bits", 1, 8)

    def __init__(self, bits: Annotated[int, whole(1, 8)] = 4):
        self.bits, self.setting = bits, f"bits={bits}"

    command = property(lambda self: f"coarse {self.bits}")

    def version(self):
        return "coarse 1"

    def encode(self, image):
        check_image(image)
        samples = np.packbits(np.unpackbits(image.ravel()[:, None], axis=1)[:, : self.bits])
        return np.array([0xC0A5, self.bits, *image.shape], "<u4").tobytes() + samples.tobytes()

    def decode(self, stream):
        head = np.frombuffer(stream[:16], "<u4") if len(stream) > 16 else [0]
        if head[0] != 0xC0A5:
            raise BitstreamError("not a coarse stream", "Encode again")
        bits = np.unpackbits(np.frombuffer(stream, np.uint8, offset=16))
        bits = bits[: head[1] * head[2] * head[3]].reshape(-1, head[1])
        return np.packbits(bits, axis=1)[:, 0].reshape(head[2], head[3])

    def overhead(self, stream):
        return 16


@pytest.mark.parametrize("name", CODECS)
def test_our_codecs_keep_their_contract(name):
    try:
        CODECS[name]()
    except UserError as missing:
        pytest.skip(str(missing))
    check_codec(CODECS[name], **SETTINGS.get(name, {}))


@pytest.mark.parametrize("name", METRICS)
def test_our_metrics_keep_their_contract(name):
    check_metric(METRICS[name])


def test_the_phantom_keeps_its_contract(tiny):
    check_dataset(tiny)


def test_our_engine_keeps_its_contract():
    check_detector(ENGINES["torchvision"])


def broken(**changes):
    """The codec with other methods."""
    return type("Broken", (Coarse,), changes)


BROKEN = {
    "text for bytes": ({"encode": lambda s, i: "text"}, "encode returns str, not bytes"),
    "no bytes": ({"encode": lambda s, i: b""}, "encode returns no bytes"),
    "an error": ({"encode": lambda s, i: 1 / 0}, "encode fails .ZeroDivisionError"),
    "floats": (
        {"decode": lambda s, x: Coarse.decode(s, x).astype(float)},
        r"decode returns float64 \(64, 96\) for an image of uint8 \(64, 96\)",
    ),
    "transposed": (
        {"decode": lambda s, x: Coarse.decode(s, x).T},
        r"decode returns uint8 \(96, 64\)",
    ),
    "a list": ({"decode": lambda s, x: [1]}, "decode returns list, not an array"),
    "its own stream": (
        {"encode": lambda s, i: Coarse.encode(s, i)[:9]},
        "decode refuses its own stream .not a coarse stream",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_a_codec_breaks_is_named_by_the_test_and_at_run_time(case):
    changes, says = BROKEN[case]
    codec = broken(**changes)
    with pytest.raises(ContractError, match=f"^codec 'coarse' breaks its contract: {says}"):
        check_codec(codec)
    with pytest.raises(ContractError, match=says) as error:
        measure(codec(), np.zeros((64, 96), np.uint8))
    assert "\n" not in str(error.value) and "promic_nb.testing.check_codec" in str(error.value)


def test_the_codec_of_these_tests_is_valid():
    check_codec(Coarse)


class NoType(Coarse):
    def __init__(self, bits=4):
        super().__init__(bits)


@pytest.mark.parametrize(
    ("codec", "says"),
    [
        (broken(overhead=lambda s, x: 1.5), "overhead is 1.5 of a stream"),
        (broken(encode=lambda s, i: Coarse.encode(s, i.astype(np.uint8))), "encode takes float32"),
        (broken(decode=lambda s, x: np.zeros((64, 96), np.uint8)), r"decode returns .*\(67, 83\)"),
        (broken(version=lambda s: ""), r"version\(\) is ''"),
        (broken(rate_control=RateControl("bits", 8, 1)), r"bits from 8 to 1 gives \[\d+, \d+\]"),
        (broken(rate_control=RateControl("bit", 1, 8)), "moves 'bit', which is no setting"),
        (broken(rate_control=3), "its rate_control is no RateControl"),
        (NoType, "the setting 'bits' has no type or no default"),
        (type("Bare", (), {"rate_control": Coarse.rate_control}), "moves 'bits'"),
        (len, "not a class or a function with a rate_control"),
    ],
)
def test_what_else_a_codec_breaks_is_named(codec, says):
    with pytest.raises(ContractError, match=says):
        check_codec(codec)


def test_a_codec_under_another_name_is_named():
    with pytest.raises(ContractError, match=r"codec 'fine' breaks .* its name is 'coarse'"):
        contract.check_codec("fine", Coarse())
    with pytest.raises(ContractError, match="it has no version"):
        contract.check_codec("coarse", type("Mute", (Coarse,), {"version": None})())


METRIC = Metric(lambda a, b: float(-np.abs(a.luma - b.luma).mean()), "Minus MAE", identical=0.0)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"higher_is_better": False}, "little noise .*higher_is_better is wrong"),
        ({"identical": 1.0}, "equal images give -?0.0, and identical is 1.0"),
        ({"function": lambda a, b: 3}, "it returns int, not float"),
        ({"function": lambda a, b: a.luma[999, 0]}, "it fails .IndexError"),
    ],
)
def test_what_a_metric_breaks_is_named(changes, says):
    check_metric(METRIC)
    with pytest.raises(ContractError, match=f"metric 'Minus MAE' breaks its contract: {says}"):
        check_metric(replace(METRIC, **changes))


def test_a_metric_that_fails_is_named_at_run_time(monkeypatch):
    monkeypatch.setitem(METRICS._loaded, "psnr", replace(METRIC, function=lambda a, b: None))
    with pytest.raises(ContractError, match=r"metric 'psnr' .* returns NoneType"):
        compute(np.zeros((64, 64), np.uint8), np.ones((64, 64), np.uint8), ["psnr"])


def test_what_a_data_set_breaks_is_named(tiny):
    splits = tiny.split_ids
    for changes, says in (
        ({"split_ids": {**splits, "val": splits["train"]}}, "train and val share the slices"),
        ({"split_ids": {**splits, "val": []}}, "the ids of val are empty"),
        ({"split_ids": {"train": [0], "test": [0]}}, r"it has \['train', 'test'\]"),
        ({"name": "my data"}, "does not fit into paths"),
    ):
        with pytest.raises(ContractError, match=says):
            check_dataset(replace(tiny, **changes))


def test_what_an_engine_breaks_is_named():
    class Other(ENGINES["torchvision"]):
        engine = "other"

        def predict(self, batch):
            return [replace(d, boxes=d.boxes + 3) for d in super().predict(batch)]

    with pytest.raises(ContractError, match=r"detector 'other' .* it finds other boxes"):
        check_detector(Other)
