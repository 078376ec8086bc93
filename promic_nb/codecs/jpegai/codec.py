"""Encoder and decoder of the JPEG-AI-style codec: real bitstreams, and a latent that is the same on every machine."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from compressai.ans import RansDecoder, RansEncoder
from torch import Tensor

from promic_nb.codecs.base import BitstreamError, check_image, check_range
from promic_nb.codecs.jpegai import networks as nets
from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.jpegai.bitstream import Stream, unpack
from promic_nb.codecs.jpegai.exact import fixed_point, on_grid
from promic_nb.codecs.jpegai.model import LEVELS, LOG_STEP, SKIP_INDEX, Z_MAX

GAIN_RANGE = (-1069, 702)  # of the displacement D (VM 7.0); D = 259 is a step 1.5 times finer, 702 three times


class JpegAiStyleCodec:
    """JPEG-AI-style luma codec, base operation point, tools off. Not JPEG AI: its bitstreams are its own.

    Hyper and context networks run in fixed point (`exact`), so the decoded latent is bit-identical wherever it is decoded; analysis and
    synthesis run in float32.

    Args:
        path: weight file.
        gain: displacement D of the gain unit: quantization steps are divided by exp(D/128 * 0.200365).
        name: as in the registry.
    """

    def __init__(self, path: Path, gain: int = 0, name: str = "jpegai_bop_off") -> None:
        self.name, self.path, self.gain = name, path, int(check_range("JPEG-AI-style gain", gain, *GAIN_RANGE))
        self.model, coder, self.sha256 = weights.load(path)
        self.setting = path.stem.rpartition("_")[2] + (f" gain={gain}" if gain else "")
        self._hyper = fixed_point(self.model.hyper_decoder)
        self._scale = fixed_point(self.model.hyper_scale_decoder)
        self._context = fixed_point(self.model.context)
        self._z_tables = (coder["z_cdf"].tolist(), [coder["z_cdf"].shape[1]] * len(coder["z_cdf"]), [-Z_MAX] * len(coder["z_cdf"]))
        lengths = coder["r_length"].tolist()
        self._r_tables = (coder["r_cdf"].tolist(), [n + 2 for n in lengths], [-(n // 2) for n in lengths])

    @torch.inference_mode()
    def encode(self, image: np.ndarray) -> bytes:
        """Bitstream of a uint8 (H, W) image, H and W from 16 to 16384."""
        height, width = check_image(image).shape
        y = self.model.latent(torch.from_numpy(image)[None, None].float())
        z = self.model.hyper_encoder(y.abs()).round().clamp(-Z_MAX, Z_MAX).double()
        psi, index = self._parameters(z, y.shape[-2:])
        parts = nets.split_phases(_even(y.double()))
        symbols, _ = self._code_phases(psi, index, lambda phase, mean: ((parts[phase] - mean) * self._step(self.gain)).round())
        coded = self._coded(index)
        z_stream = RansEncoder().encode_with_indexes(_ints(z), _channel_indexes(z), *self._z_tables)
        r_stream = RansEncoder().encode_with_indexes(_ints(symbols[coded]), _ints(index.round()[coded]), *self._r_tables)
        return Stream(height, width, self.gain, bytes.fromhex(self.sha256[:8]), z_stream, r_stream).pack()

    @torch.inference_mode()
    def decode(self, stream: bytes) -> np.ndarray:
        """uint8 (H, W) image of a bitstream.

        Raises:
            BitstreamError: damaged, foreign, or made with other weights.
        """
        head = unpack(stream)
        y = torch.from_numpy(self.latent(stream))[None]
        x = self.model.reconstruct(y, (head.height, head.width))
        return x[0, 0].round().clamp(0, 255).to(torch.uint8).numpy()

    @torch.inference_mode()
    def latent(self, stream: bytes) -> np.ndarray:
        """Decoded latent y^, float32 (160, ceil(H/16), ceil(W/16)), without synthesis. Raises as `decode`."""
        head = unpack(stream)
        if head.weights != bytes.fromhex(self.sha256[:8]):
            raise BitstreamError(
                f"the bitstream was made with weights {head.weights.hex()}..., this codec has {self.sha256[:8]}...",
                "Decode with the weights it names",
            )
        h, w = math.ceil(head.height / 16), math.ceil(head.width / 16)
        z_shape = (1, nets.LATENT_CHANNELS, math.ceil(math.ceil(h / 2) / 2), math.ceil(math.ceil(w / 2) / 2))
        z = torch.zeros(z_shape, dtype=torch.float64)
        z = torch.tensor(RansDecoder().decode_with_indexes(head.z, _channel_indexes(z), *self._z_tables), dtype=torch.float64).view(z_shape)
        psi, index = self._parameters(z.clamp(-Z_MAX, Z_MAX), (h, w), head.gain)
        coded = self._coded(index)
        symbols = torch.zeros_like(index)
        symbols[coded] = torch.tensor(RansDecoder().decode_with_indexes(head.r, _ints(index.round()[coded]), *self._r_tables), dtype=torch.float64)
        parts = nets.split_phases(symbols)
        _, y = self._code_phases(psi, index, lambda phase, _: parts[phase], head.gain)
        return y[0, :, :h, :w].float().numpy()

    def _parameters(self, z: Tensor, size: tuple[int, int], gain: int | None = None) -> tuple[Tensor, Tensor]:
        """psi (1, 640, ceil(h/2), ceil(w/2)) and the scale index after gain (1, 160, h', w'), h' and w' even, in levels of the grid."""
        h, w = (math.ceil(n / 2) for n in size)
        psi = self._hyper(z)[..., :h, :w]
        index = self._scale(z).abs()[..., : 2 * h, : 2 * w] + (self.gain if gain is None else gain) / 128
        # Rows and columns that only pad the latent to even size are never coded.
        index[..., size[0] :, :] = 0
        index[..., :, size[1] :] = 0
        return psi, index.clamp(0, LEVELS - 1)

    @staticmethod
    def _coded(index: Tensor) -> Tensor:
        return index > SKIP_INDEX

    @staticmethod
    def _step(gain: int) -> float:
        """Inverse quantization step; 10 fractional bits, as in VM 7.0."""
        return round(math.exp(gain * LOG_STEP / 128) * 1024) / 1024

    def _code_phases(self, psi: Tensor, index: Tensor, symbols_of, gain: int | None = None) -> tuple[Tensor, Tensor]:
        """Walk the four phases: symbols r^ and latent y^ = r^ / step + mean, both (1, 160, h', w') in float64."""
        step = self._step(self.gain if gain is None else gain)
        symbols, decoded = [], []
        for phase, coded in enumerate(nets.split_phases(self._coded(index))):
            mean = self._context.mean(phase, psi, decoded)
            symbols.append(symbols_of(phase, mean) * coded)
            decoded.append(on_grid(symbols[-1] / step + mean))
        return nets.merge_phases(symbols), nets.merge_phases(decoded)


def _even(y: Tensor) -> Tensor:
    """y, zero-padded on the right and bottom to even size."""
    return torch.nn.functional.pad(y, (0, y.shape[-1] % 2, 0, y.shape[-2] % 2))


def _ints(x: Tensor) -> list[int]:
    return x.to(torch.int32).flatten().tolist()


def _channel_indexes(z: Tensor) -> list[int]:
    return torch.arange(z.shape[1]).view(1, -1, 1, 1).expand(z.shape).flatten().tolist()
