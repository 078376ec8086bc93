"""Encoded slices: memory-mapped, made once, and refused with the differing key when they are of
something else.
"""

import json

import numpy as np
import pytest

from promic_nb.codecs.latents import encode_slices, load_rates, load_slices, signature
from promic_nb.datasets.views import VIEWS
from promic_nb.errors import UserError


class Averages:
    """A codec whose latent is the mean of each 16x16 block, twice; it counts what it encodes, and
    breaks down where it is told to.
    """

    name = "averages"

    def __init__(
        self, setting: str = "beta1", sha256: str = "0" * 64, breaks_after: int = 10**6
    ) -> None:
        self.setting, self.sha256, self.encoded, self.breaks_after = (
            setting,
            sha256,
            0,
            breaks_after,
        )

    def encode(self, image: np.ndarray) -> bytes:
        if self.encoded == self.breaks_after:
            raise KeyboardInterrupt
        self.encoded += 1
        return np.ascontiguousarray(image).tobytes()

    def decode(self, stream: bytes) -> np.ndarray:
        return np.frombuffer(stream, np.uint8).reshape(256, 256)

    def latent(self, stream: bytes) -> np.ndarray:
        means = self.decode(stream).reshape(16, 16, 16, 16).mean((1, 3), dtype=np.float32)
        return np.stack([means, means])


@pytest.fixture
def folder(tmp_path, tiny):
    """The training slices, encoded."""
    encode_slices(Averages(), tiny, "train", tiny.ids("train"), tmp_path / "train")
    return tmp_path / "train"


def test_they_are_memory_mapped_and_equal_the_codecs_output(folder, tiny):
    loaded = load_slices(folder)
    assert isinstance(loaded.latents, np.memmap) and isinstance(loaded.images, np.memmap)
    assert (loaded.latents.dtype, loaded.latents.shape) == (
        np.float32,
        (5, 2, 16, 16),
    )  # five: one of the six is for validation
    assert not loaded.latents.flags.writeable
    for i, slice_id in enumerate(loaded.ids):
        image = tiny.image("train", slice_id)
        assert (loaded.images[i] == image).all()
        assert np.allclose(loaded.latents[i, 0, 0, 0], image[:16, :16].mean())
    assert loaded.bpp == [8.0] * 5


def test_they_are_encoded_once(folder, tiny):
    again = Averages()
    encode_slices(again, tiny, "train", tiny.ids("train"), folder)
    assert again.encoded == 0


@pytest.mark.parametrize("change", ["setting", "sha256", "ids", "damage", "cut"])
def test_they_are_encoded_again_for_another_signature_or_after_damage(folder, tiny, change):
    codec, ids = Averages(), tiny.ids("train")
    if change in ("setting", "sha256"):
        codec = Averages(**{change: "other"})
    elif change == "ids":
        ids = ids[1:]
    elif change == "damage":
        (folder / "signature.json").write_text("{")
    else:
        (folder / "latents.npy").write_bytes((folder / "latents.npy").read_bytes()[:200])
    assert (
        len(encode_slices(codec, tiny, "train", ids, folder).latents) == codec.encoded == len(ids)
    )


KEYS = ["dataset", "data", "split", "ids", "views", "codec", "setting", "weights"]


@pytest.mark.parametrize("key", KEYS)
def test_the_differing_key_is_named(folder, tiny, key):
    expected = signature(Averages(), tiny, "train", tiny.ids("train"))
    assert set(expected) == set(KEYS)
    load_slices(folder, expected)
    with pytest.raises(UserError, match=rf"have {key}=.*, expected 'another'.*05_latents"):
        load_slices(folder, {**expected, key: "another"})


def test_splits_of_two_rates_are_refused(folder, tiny):
    encode_slices(Averages(), tiny, "test", tiny.ids("test"), folder.parent / "test")
    loaded = load_rates({"low": folder.parent}, ["train", "test"], {"data": tiny.fingerprint})
    assert len(loaded["low"]["train"].ids) == 5 and len(loaded["low"]["test"].ids) == 2
    encode_slices(Averages("beta2"), tiny, "test", tiny.ids("test"), folder.parent / "test")
    with pytest.raises(UserError, match="test have setting='beta2', expected 'beta1'"):
        load_rates({"low": folder.parent}, ["train", "test"])


def test_rates_of_other_slices_are_refused(folder, tiny, tmp_path):
    encode_slices(Averages("beta2"), tiny, "train", tiny.ids("train"), tmp_path / "high" / "train")
    assert set(load_rates({"low": folder.parent, "high": tmp_path / "high"}, ["train"])) == {
        "low",
        "high",
    }
    encode_slices(
        Averages("beta2"), tiny, "train", tiny.ids("train")[1:], tmp_path / "high" / "train"
    )
    with pytest.raises(UserError, match="high/train have ids="):
        load_rates({"low": folder.parent, "high": tmp_path / "high"}, ["train"])


def test_a_killed_encoding_is_not_mistaken_for_a_complete_one(folder, tiny):
    with pytest.raises(KeyboardInterrupt):
        encode_slices(Averages("beta2", breaks_after=3), tiny, "train", tiny.ids("train"), folder)
    with pytest.raises(UserError, match="holds no encoded slices"):
        load_slices(folder)


@pytest.mark.parametrize("kept", [1, 0])
def test_a_killed_encoding_continues_after_its_last_whole_slice(folder, tiny, tmp_path, kept):
    """Three slices are done; a fourth that was written but not noted is written again. Where the
    latents of the three are damaged, all are encoded again.
    """
    ids, at = tiny.ids("train"), tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        encode_slices(Averages(breaks_after=3), tiny, "train", ids, at)
    unfinished = at / "latents.unfinished"
    whole = unfinished.read_bytes()
    unfinished.write_bytes(whole + b"half a latent" if kept else whole[:-1])
    again = Averages()
    resumed = encode_slices(again, tiny, "train", ids, at)
    assert again.encoded == (len(ids) - 3 if kept else len(ids))
    for name in ("latents.npy", "images.npy", "signature.json"):
        assert (at / name).read_bytes() == (folder / name).read_bytes()
    assert resumed.ids == ids and {p.name for p in at.iterdir()} == {
        "latents.npy",
        "images.npy",
        "signature.json",
    }


def test_an_unfinished_encoding_of_something_else_is_dropped(tiny, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        encode_slices(Averages("beta2", breaks_after=3), tiny, "train", [0, 1, 2, 4], tmp_path)
    codec = Averages()
    encode_slices(codec, tiny, "train", [0, 1, 2, 4], tmp_path)
    assert codec.encoded == 4


def test_training_slices_are_encoded_in_every_view(tiny, tmp_path):
    """The latent of a mirrored slice is that of the mirrored picture; views come one after another,
    and a smaller augmentation takes the first of them.
    """
    ids = tiny.ids("train")[:2]
    whole = encode_slices(Averages(), tiny, "train", ids, tmp_path, VIEWS["encoded"])
    assert len(whole.latents) == len(whole.images) == 4 * len(ids) and len(whole.bpp) == 2
    assert whole.signature["views"] == ["identity", "horizontal", "vertical", "both"]
    for k, mirrored in enumerate((np.asarray, np.fliplr, np.flipud, lambda x: np.rot90(x, 2))):
        for i, slice_id in enumerate(ids):
            image = mirrored(tiny.image("train", slice_id))
            assert (whole.images[k * len(ids) + i] == image).all()
            means = image.reshape(16, 16, 16, 16).mean((1, 3))
            assert np.allclose(whole.latents[k * len(ids) + i, 0], means)
    plain = whole.seen_by("none")
    assert len(plain.latents) == 2 and (plain.images[1] == tiny.image("train", ids[1])).all()
    with pytest.raises(UserError, match="hold the views identity, horizontal, vertical, both, but"):
        whole.seen_by("shifted")


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: (f / "signature.json").unlink(), "holds no encoded slices"),
        (lambda f: (f / "signature.json").write_text('{"of": {}'), "no signature of latents"),
        (lambda f: (f / "signature.json").write_text('{"bpp": []}'), "no signature of latents"),
        (
            lambda f: (f / "signature.json").write_text('{"of": {}, "bpp": []}'),
            "no signature of latents",
        ),
        (lambda f: (f / "images.npy").unlink(), "images.npy is missing or damaged"),
        (
            lambda f: (f / "latents.npy").write_bytes(b"\x93NUMPY"),
            "latents.npy is missing or damaged",
        ),
        (
            lambda f: np.save(f / "latents.npy", np.zeros((4, 2, 16, 16), np.float32)),
            r"float32 \(4, .*of the 5 slices",
        ),
        (lambda f: np.save(f / "images.npy", np.zeros((5, 256, 256), np.float32)), "not uint8"),
        (
            lambda f: np.save(f / "latents.npy", np.full((5, 2, 16, 16), np.nan, np.float32)),
            "is not finite",
        ),
    ],
)
def test_damage_is_described(folder, break_it, message):
    break_it(folder)
    with pytest.raises(UserError, match=message):
        load_slices(folder)


def test_the_signature_is_plain_json(folder, tiny):
    assert json.loads((folder / "signature.json").read_text())["of"] == signature(
        Averages(), tiny, "train", tiny.ids("train")
    )
