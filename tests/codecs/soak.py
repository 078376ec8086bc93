"""Damaged bitstreams into the decoders, for as long as you like.

    python tests/codecs/soak.py --codec jpegxl --mutations 1000000 --seed 1 --keep crashes

The decoder must raise `BitstreamError` or return grey samples of an allowed size; anything else
ends the command with status 1, and so does a decoder that needs more than 2 GB. `--keep` stores
each stream before it is decoded, so that one which kills the process is found there. The last line
is JSON: how many were refused, how many decoded. The short runs of `test_fuzz.py` are the same
code.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from promic_nb import codecs
from promic_nb.codecs import BitstreamError
from promic_nb.codecs.base import MAX_SAMPLES

ADDRESS_SPACE = 2 * 2**30
CHEAP = {
    "vvc": {"preset": "faster", "qp": 30},
    "hevc": {"preset": "ultrafast"},
    "avif": {"speed": 9},
    "jpegxl": {"effort": 3},
}
FOREIGN = (
    b"",
    b"\0",
    b"rubbish" * 10,
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n" + bytes(50),
    b"BM" + bytes(60),
    b"P5 99999 99999 255\n",
    bytes(4096),
)


def mutations(stream: bytes, seed: int, others: list[bytes] = []) -> Iterator[tuple[str, bytes]]:  # noqa: B006 (never changed)
    """Endless damaged forms of a stream, and first the foreign ones; half of the damage is in its
    first 100 bytes.
    """
    yield from (("foreign", other) for other in (*FOREIGN, *others))
    rng = random.Random(seed)
    while True:
        kind = rng.choice(
            ["flip", "flip", "cut", "byte", "zeros", "insert", "delete", "splice", "append"]
        )
        damaged = bytearray(stream)
        at = rng.randrange(min(100, len(stream)) if rng.random() < 0.5 else len(stream))
        if kind == "flip":
            for _ in range(rng.choice([1, 1, 1, 4, 16])):
                damaged[at] ^= 1 << rng.randrange(8)
                at = rng.randrange(len(stream))
        elif kind == "cut":
            del damaged[at:]
        elif kind == "byte":
            damaged[at] = rng.choice([0, 1, 127, 128, 255])
        elif kind == "zeros":
            damaged[at : at + 8] = bytes(len(damaged[at : at + 8]))
        elif kind == "insert":
            damaged[at:at] = rng.randbytes(rng.randrange(1, 9))
        elif kind == "delete":
            del damaged[at : at + rng.randrange(1, 9)]
        elif kind == "splice":
            start = rng.randrange(len(stream))
            damaged[at : at + 16] = stream[start : start + 16]
        else:
            damaged += rng.randbytes(rng.randrange(1, 40))
        if damaged != stream:
            yield kind, bytes(damaged)


def image(side: int) -> np.ndarray:
    """A grey texture with noise, uint8 (side, side + 7)."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:side, : side + 7]
    return np.clip(
        128 + 60 * np.sin(x / 5) * np.cos(y / 7) + rng.normal(0, 12, x.shape), 0, 255
    ).astype(np.uint8)


def soak(name: str, count: int, seed: int, side: int = 32, keep: Path | None = None) -> Counter:
    """Decode `count` damaged streams; how many were refused, equal to the undamaged image, or
    other.

    Raises:
        AssertionError: a decoder returned something that is no image.
    """
    codec = codecs.get(name, **CHEAP.get(name, {}))
    stream = codec.encode(image(side))
    expected, outcome = codec.decode(stream), Counter()
    foreign = [
        codecs.get(other).encode(image(side))
        for other in ("jpeg", "jpeg2000", "avif")
        if other != name
    ]
    for (kind, damaged), _ in zip(mutations(stream, seed, foreign), range(count), strict=False):
        if keep:
            (keep / f"{name}.bin").write_bytes(damaged)
        start = time.perf_counter()
        try:
            decoded = codec.decode(damaged)
        except BitstreamError as error:
            assert str(error), "an error without a message"
            outcome["refused"] += 1
        else:
            assert kind != "foreign", f"{damaged[:16]!r} was decoded"
            assert (
                decoded.dtype == np.uint8 and decoded.ndim == 2 and 0 < decoded.size <= MAX_SAMPLES
            )
            outcome[
                "equal"
                if decoded.shape == expected.shape and (decoded == expected).all()
                else "other"
            ] += 1
        assert time.perf_counter() - start < 60, "a decoder took a minute"
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--codec",
        choices=[name for name in codecs.CODECS if name != "jpegai_reference"],
        required=True,
    )
    parser.add_argument("--mutations", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--side", type=int, default=32, help="height of the image")
    parser.add_argument("--keep", type=Path, help="folder for the stream at work")
    given = parser.parse_args()
    if not given.codec.startswith("jpegai"):  # torch alone reserves more
        with suppress(ValueError, OSError):  # macOS has no such limit
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
    try:
        print(json.dumps(soak(given.codec, given.mutations, given.seed, given.side, given.keep)))
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
