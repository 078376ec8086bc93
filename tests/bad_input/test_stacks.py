"""Stacks, downloads and a missing network: one clear line, nothing half-written."""

import http.server
import io
import shutil
import threading
import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from bad_input import GREY, cut, encoded, png, promic, put, refused

from promic_nb.datasets import download, lucchi, open_stack
from promic_nb.models import pretrained


def everywhere(content: bytes, *folders: str):
    """All slices (or labels) of folders of the stack replaced."""
    return lambda stack: [
        p.write_bytes(content) for folder in folders for p in (stack / folder).glob("*.png")
    ]


FOUR = ("Train_In", "Train_Out", "Test_In", "Test_Out")


SIDE = np.zeros((256, 256), np.uint8)


STACKS = {
    "no such folder": (shutil.rmtree, "stack does not exist"),
    "a file for a folder": (lambda s: (shutil.rmtree(s), s.write_text("")), "stack does not exist"),
    "empty folder": (lambda s: (shutil.rmtree(s), s.mkdir()), "no Train_In in it"),
    "no test slices": (lambda s: shutil.rmtree(s / "Test_In"), "Test_In holds no slices"),
    "two stacks": (
        lambda s: (
            [shutil.copytree(s.parent / "stack" / "Train_In", s / n / "Train_In") for n in "ab"]
            and shutil.rmtree(s / "Train_In")
        ),
        "several stacks in it (a, b)",
    ),
    "a slice with another name": (
        lambda s: (s / "Train_In/mask0001.png").rename(s / "Train_In/maskB.png"),
        "is not maskNNNN.png",
    ),
    "corrupt PNG": (cut("Train_In/mask0002.png"), "mask0002.png cannot be read as an image"),
    "corrupt PNG of a test slice": (
        cut("Test_In/mask0001.png"),
        "mask0001.png cannot be read as an image",
    ),
    "corrupt label": (cut("Train_Out/4.png"), "4.png cannot be read as an image"),
    "corrupt TIFF": (
        put("Train_In/mask0002.png", encoded(SIDE, "TIFF")[:3000]),
        "mask0002.png cannot be read as an image",
    ),
    "a text for an image": (
        put("Train_In/mask0000.png", b"not an image"),
        "mask0000.png cannot be read as an image",
    ),
    "an empty file": (put("Train_Out/0.png", b""), "0.png cannot be read as an image"),
    "missing label": (lambda s: (s / "Train_Out/3.png").unlink(), "3.png is missing"),
    "label without image": (
        put("Train_Out/6.png", encoded(SIDE)),
        "6.png is a label without a slice",
    ),
    "label of another shape": (
        put("Train_Out/1.png", encoded(SIDE[:10])),
        "1.png has shape (10, 256), its image (256, 256)",
    ),
    "slices of two sizes": (
        lambda s: (
            put("Train_In/mask0005.png", encoded(SIDE[:128]))(s),
            put("Train_Out/5.png", encoded(SIDE[:128]))(s),
        ),
        "must have one size",
    ),
    "empty masks": (everywhere(encoded(SIDE), "Train_Out"), "shows a mitochondrion"),
    "16 bits": (
        put("Train_In/mask0001.png", encoded(SIDE.astype(np.uint16))),
        "uint16 samples, not uint8",
    ),
    "16-bit label": (
        put("Train_Out/1.png", encoded(SIDE.astype(np.uint16))),
        "uint16 samples, not uint8",
    ),
    "NaN": (
        put("Train_In/mask0001.png", encoded(np.full((256, 256), np.nan, np.float32), "TIFF")),
        "float32 samples, not uint8",
    ),
    "RGBA colour": (
        put("Train_In/mask0001.png", encoded(np.dstack([SIDE, SIDE + 1, SIDE, SIDE + 255]))),
        "is a colour image",
    ),
    "palette colour": (
        put(
            "Train_In/mask0001.png",
            encoded(
                np.asarray(np.dstack([GREY, GREY // 2, GREY]).repeat(4, 0).repeat(4, 1)), "GIF"
            ),
        ),
        "is a colour image",
    ),
    "tiny": (everywhere(encoded(np.full((8, 8), 255, np.uint8)), *FOUR), "have 8x8 pixels"),
    "huge": (put("Train_In/mask0001.png", png(60000, 60000)), "claims more than 67108864 samples"),
    "large": (put("Train_In/mask0001.png", png(10000, 10000)), "claims more than 67108864 samples"),
    "huge label": (put("Train_Out/1.png", png(60000, 60000)), "claims more than 67108864 samples"),
}


@pytest.mark.parametrize("case", STACKS)
def test_stacks(here, monkeypatch, case):
    """`promic data`, which is also the first rule of every run."""
    damage, says = STACKS[case]
    damage(here / "stack")
    with refused(here, says):
        promic(
            monkeypatch,
            "data",
            "phantom",
            "--path",
            here / "stack",
            "--write",
            here / "out" / "data.json",
        )


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "x" * 1000)
    return buffer.getvalue()


GOOD = archive("Lucchi++/Train_In/mask0000.png")


DOWNLOADS = {
    "wrong hash": (b"something else", GOOD, "has the wrong hash"),
    "half-downloaded": (GOOD[:200], GOOD, "lucchi"),
    "a zip with ../ paths": (
        archive("Lucchi++/a.png", "../../evil.txt"),
        None,
        "holds the path '../../evil.txt'",
    ),
    "a zip with absolute paths": (
        archive("/tmp/promic-was-here"),
        None,
        "holds the path '/tmp/promic-was-here'",
    ),
    "a damaged zip": (GOOD[:-30], None, "cannot be unpacked"),
    "another archive": (archive("Kasthuri++/a.png"), None, "does not hold Lucchi++/"),
}


class Server(http.server.BaseHTTPRequestHandler):
    """Sends `body`, and claims as many bytes as `promised` has."""

    body = promised = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.promised)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("case", DOWNLOADS)
def test_downloads(here, monkeypatch, case):
    body, promised, says = DOWNLOADS[case]
    handler = type(
        "Handler",
        (Server,),
        {"body": body, "promised": promised if case == "half-downloaded" else body},
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pinned = sha256(promised or body).hexdigest()
        url = f"http://127.0.0.1:{server.server_port}/lucchi_pp.zip"
        monkeypatch.setattr(lucchi, "ARCHIVE", download.Archive(url, pinned, "Lucchi++"))
        with refused(here, says):
            promic(monkeypatch, "data", "lucchi")
        server.shutdown()
    assert not list(here.rglob("evil*")) and not Path("/tmp/promic-was-here").exists()
    assert not list(here.rglob("*.part")), "half-unpacked"


CLOSED = "http://127.0.0.1:9/"  # the discard port: nobody listens


OFFLINE = {
    "a data set": (
        lambda m: m.setattr(
            lucchi, "ARCHIVE", download.Archive(f"{CLOSED}lucchi.zip", "0" * 64, "Lucchi++")
        ),
        lambda h: open_stack("lucchi", cache=h),
        "could not be downloaded",
    ),
    "published weights": (
        lambda m: m.setitem(
            pretrained.PUBLISHED, "imagenet", pretrained.Published(f"{CLOSED}r.pth", "0676ba61", "")
        ),
        lambda h: pretrained.fetch("imagenet", h / "cache"),
        "could not be downloaded",
    ),
}


@pytest.mark.parametrize("case", OFFLINE)
def test_no_network(here, monkeypatch, case):
    patch, act, says = OFFLINE[case]
    patch(monkeypatch)
    with refused(here, says):
        act(here)
