"""Adapter to a local copy of the JPEG AI reference software: this alone is JPEG AI.

Nothing of it is part of this package.

Commands, configurations and the latents' dump are as in its manual for VM 7.0 (cfg/oper_point) and
for the standard's version (cfg/profiles); it runs in an environment of its own, each command as an
argument list from the root of its repository.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from PIL import Image

from promic_nb.codecs.base import BitstreamError, RateControl, check_image, check_size
from promic_nb.core.fields import number
from promic_nb.errors import UserError

FOLDER, PYTHON = "JPEG_AI_REFERENCE", "JPEG_AI_PYTHON"  # environment variables
_POINTER = b"version https://git-lfs"
_LUMA = np.array([0.2126, 0.7152, 0.0722])  # BT.709, as the software has it
_REMEDY = (
    "Clone https://gitlab.com/wg1/jpeg-ai/jpeg-ai-reference-software, follow its README (Python "
    f"environment, weights), and name the folder in {FOLDER} and its Python in {PYTHON}"
)


class JpegAiReference:
    """JPEG AI as the reference software codes it, grey samples as equal red, green and blue.

    Args:
        bpp: target rate in bits per pixel, in hundredths; the software searches for it.
        operation_point: base ("bop") or high ("hop").
        tools: "on" or "off".
        folder: the software's repository; by default the environment variable JPEG_AI_REFERENCE.
        python: the interpreter of its environment; by default JPEG_AI_PYTHON, else python3.
    """

    name, sha256 = "jpegai_reference", ""
    rate_control = RateControl("bpp", 0.03, 4, integer=False, guess=lambda bpp: bpp)

    def __init__(
        self,
        bpp: Annotated[float, number(0.03, 4)] = 0.5,
        operation_point: Literal["bop", "hop"] = "bop",
        tools: Literal["on", "off"] = "off",
        folder: str = "",
        python: str = "",
    ) -> None:
        folder = folder or os.environ.get(FOLDER, "")
        if not folder:
            raise UserError("no JPEG AI reference software is named", _REMEDY)
        self.folder, self.python = (
            Path(folder).resolve(),
            python or os.environ.get(PYTHON, "python3"),
        )
        self._about = _probe(self.folder, self.python)
        self.hundredths, self.setting = (
            round(100 * bpp),
            f"{operation_point} tools {tools} bpp={bpp:g}",
        )
        self._configuration = [
            "--cfg",
            f"cfg/tools_{tools}.json",
            _operation_point(self.folder, operation_point),
        ]

    def version(self) -> str:
        """What cfg/info.json says of the software."""
        return self._about

    @property
    def command(self) -> str:
        """The encoder's exact command line."""
        return " ".join([self.python, "-m", *self._encoder("IN.png", "OUT.bits")])

    def _encoder(self, source: str, out: str) -> list[str]:
        return [
            "src.reco.coders.encoder",
            source,
            out,
            "--set_target_bpp",
            str(self.hundredths),
            *self._configuration,
        ]

    def encode(self, image: np.ndarray) -> bytes:
        """Bitstream of a uint8 (H, W) image, as the software writes it."""
        check_image(image)
        with tempfile.TemporaryDirectory() as work:
            source, out = Path(work) / "in.png", Path(work) / "bit" / "x.bits"
            out.parent.mkdir()
            Image.fromarray(image).convert("RGB").save(source)
            done = _run(self.folder, self.python, *self._encoder(str(source), str(out)))
            if done.returncode or not out.is_file():
                raise UserError(
                    f"the JPEG AI encoder failed ({_last_line(done)})",
                    f"Run it by hand in {self.folder}: {self.command}",
                )
            return out.read_bytes()

    def decode(self, stream: bytes) -> np.ndarray:
        """uint8 (H, W) luma of a bitstream.

        Raises:
            BitstreamError: the software does not decode it.
        """
        with tempfile.TemporaryDirectory() as work:
            out = self._decode(stream, Path(work), "src.reco.coders.decoder")
            with Image.open(out) as image:
                check_size(image.height, image.width, self.name)
                return np.rint(np.asarray(image.convert("RGB")) @ _LUMA).astype(np.uint8)

    def latent(self, stream: bytes) -> np.ndarray:
        """Decoded luma latent y^, float32 (C, ceil(H/16), ceil(W/16)), from the decoder's own dump.

        Raises as `decode`.
        """
        import torch

        with tempfile.TemporaryDirectory() as work:
            out = self._decode(
                stream, Path(work), "src.dump.coders.decoder", "--latents_list", "model_y.y_hat"
            )
            with Image.open(out) as image:
                size = (math.ceil(image.height / 16), math.ceil(image.width / 16))
            dumps = [p for p in (Path(work) / "bit" / "model_y" / "y_hat").glob("*") if p.is_file()]
            if len(dumps) != 1:
                raise UserError(
                    f"the JPEG AI decoder dumped {len(dumps)} luma latents, not one",
                    f"Check that {self.folder} has src/dump",
                )
            try:
                latent = torch.load(dumps[0], map_location="cpu", weights_only=True)
            except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
                raise UserError(
                    f"the dumped latent cannot be read ({str(error)[:200]})",
                    "Check the version of the software",
                ) from error
        if (
            not isinstance(latent, torch.Tensor)
            or latent.ndim != 4
            or latent.shape[0] != 1
            or tuple(latent.shape[2:]) != size
        ):
            shape = tuple(getattr(latent, "shape", ()))
            raise UserError(
                f"the dumped latent has shape {shape}, expected (1, C, {size[0]}, {size[1]})",
                "Check the version of the software",
            )
        return latent[0].float().numpy()

    def overhead(self, stream: bytes) -> int:
        """0: its headers are not parsed here, all bytes count as coded samples."""
        return 0

    def _decode(self, stream: bytes, work: Path, module: str, *options: str) -> Path:
        """Run a decoder; the image that it wrote.

        The bitstream is `work`/bit/x.bits, and dumps lie beside it.
        """
        source, out = work / "bit" / "x.bits", work / "out.png"
        source.parent.mkdir()
        source.write_bytes(stream)
        done = _run(self.folder, self.python, module, str(source), str(out), *options)
        if done.returncode or not out.is_file():
            raise BitstreamError(
                f"the JPEG AI decoder failed ({_last_line(done)})", "Encode the image again"
            )
        return out


@lru_cache(maxsize=8)
def _probe(folder: Path, python: str) -> str:
    """Version of the software in a folder.

    Raises:
        UserError: it is not there, its weights are missing or pointers, or its encoder does not
            start.
    """
    info = folder / "cfg" / "info.json"
    if not info.is_file():
        raise UserError(f"{folder} holds no JPEG AI reference software (no cfg/info.json)", _REMEDY)
    weights = sorted((folder / "models").rglob("*.pth"))
    if not weights:
        raise UserError(
            f"{folder / 'models'} holds no weights (*.pth)",
            "Fetch them there: git lfs pull, or make download_models",
        )
    for file in weights:
        with file.open("rb") as opened:
            if opened.read(len(_POINTER)) == _POINTER:
                where = file.relative_to(folder)
                raise UserError(
                    f"{where} in {folder} is a git-lfs pointer of {file.stat().st_size} bytes, "
                    "not weights",
                    "Run git lfs pull there",
                )
    done = _run(folder, python, "src.reco.coders.encoder", "--help")
    if done.returncode:
        raise UserError(
            f"the JPEG AI encoder in {folder} does not start with {python} ({_last_line(done)})",
            _REMEDY,
        )
    try:
        about = json.loads(info.read_text())
    except ValueError as error:
        raise UserError(
            f"{info} is not JSON ({error})", "Restore it: git checkout cfg/info.json"
        ) from error
    return f"JPEG AI reference software, {json.dumps(about, sort_keys=True)[:200]}"


def _operation_point(folder: Path, name: str) -> str:
    """The configuration of an operation point, relative to the repository: of VM 7.0, or the
    profile of the standard's version.
    """
    candidates = {
        "bop": ("oper_point/bop", "profiles/main", "profiles/base"),
        "hop": ("oper_point/hop", "profiles/high"),
    }[name]
    for candidate in candidates:
        if (folder / "cfg" / f"{candidate}.json").is_file():
            return f"cfg/{candidate}.json"
    raise UserError(
        f"{folder / 'cfg'} has none of {', '.join(f'{c}.json' for c in candidates)}",
        "Use VM 7.0 or a later version",
    )


def _run(folder: Path, python: str, module: str, *arguments: str) -> subprocess.CompletedProcess:
    own = {
        k: v for k, v in os.environ.items() if k != "PYTHONPATH"
    }  # its environment is another one
    try:
        return subprocess.run(
            [python, "-m", module, *arguments],
            cwd=folder,
            env=own,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise UserError(
            f"{python} cannot be run ({error})",
            f"Name the interpreter of the software's environment in {PYTHON}",
        ) from error


def _last_line(done: subprocess.CompletedProcess) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1][:200] if lines else f"exit status {done.returncode}"
