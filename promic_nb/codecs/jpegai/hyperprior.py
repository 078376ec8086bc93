"""Encoder and decoder that all codecs with a hyperprior share: container, substreams, and the order
of steps.
"""

from __future__ import annotations

import math
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from promic_nb import __version__
from promic_nb.codecs.base import BitstreamError, check_image, check_range
from promic_nb.codecs.jpegai.bitstream import MAX_SIDE, OVERHEAD, Stream, unpack
from promic_nb.codecs.jpegai.coder import Z_MAX, EntropyCoder
from promic_nb.codecs.jpegai.model import LOG_STEP
from promic_nb.codecs.jpegai.tiles import tiled
from promic_nb.core.fields import GAINS
from promic_nb.errors import UserError


def inverse_step(displacement: Tensor) -> Tensor:
    """Inverse quantization step of a displacement in 1/128 levels; 10 fractional bits, as in VM
    7.0.
    """
    return ((displacement * (LOG_STEP / 128)).exp() * 1024).round() / 1024


def size_of(y: Tensor) -> tuple[int, int]:
    """(h, w) of a latent (1, C, h, w)."""
    return y.shape[-2], y.shape[-1]


class Networks(Protocol):
    """Luma networks in float32."""

    @property
    def hyper_encoder(self) -> nn.Module: ...

    def latent(self, x: Tensor) -> Tensor:
        """Latent of samples."""
        ...

    def reconstruct(self, y: Tensor) -> Tensor:
        """Samples of a latent."""
        ...


class SideInformation(Protocol):
    """What the hyper-latent says about one image's latent.

    Attributes:
        index: scale index in levels of the grid, float64 (1, C, h', w'), h' and w' at least the
            latent's.
        coded: bool, where a symbol is in the stream; elsewhere it is 0.
    """

    @property
    def index(self) -> Tensor: ...

    @property
    def coded(self) -> Tensor: ...


S = TypeVar("S", bound=SideInformation)


class HyperpriorCodec(Generic[S]):
    """A luma codec with latent y, hyper-latent z and a "PMAI" container.

    Subclasses say what the networks are.

    Attributes:
        codec_id: number in the container.
        channels: of the latent.
        model: the networks in float32: `latent`, `hyper_encoder` and `reconstruct`.
    """

    codec_id: int
    channels: int
    model: Networks

    def __init__(
        self,
        name: str,
        setting: str,
        sha256: str,
        coder: EntropyCoder,
        gain: int = 0,
        tools: int = 0,
    ) -> None:
        self.name, self.sha256, self.coder, self.tools = name, sha256, coder, tools
        self.gain = int(check_range(f"{name} gain", gain, *GAINS))
        self.setting = setting + (f" gain={gain}" if gain else "")

    @property
    def command(self) -> str:
        """The encoder's exact settings: there are no others."""
        return self.setting

    def version(self) -> str:
        """This package's version, and the hash of the weights."""
        return f"promic_nb {__version__}, weights {self.sha256[:12]}"

    def analysis_transform(self, x: Tensor) -> Tensor:
        """Latent y (1, C, ceil(H/16), ceil(W/16)) of samples (1, 1, H, W) in 0..255; float32."""
        return self.model.latent(x)

    def hyper_latent(self, y: Tensor) -> Tensor:
        """Integer hyper-latent z (1, C, h, w) of y, float64."""
        return self.model.hyper_encoder(y.abs()).round().clamp(-Z_MAX, Z_MAX).double()

    def synthesis_transform(self, y: Tensor) -> Tensor:
        """Samples (1, 1, 16h, 16w) in 0..255 of a latent (1, C, h, w)."""
        return self.model.reconstruct(y)

    def side_information(self, z: Tensor, size: tuple[int, int], gain: int, tools: int) -> S:
        """What integer z (float64) says about a latent of `size` (h, w); equal bits on every
        machine.
        """
        raise NotImplementedError

    def quantize(self, y: Tensor, side: S) -> Tensor:
        """Symbols of y (float64), in the shape of `side.index`, 0 where not coded."""
        raise NotImplementedError

    def choose(self, x: Tensor, y: Tensor, side: S) -> Tensor:
        """Symbols for samples x (1, 1, H, W) with latent y: an encoder may choose better ones than
        `quantize`.
        """
        return self.quantize(y.double(), side)

    def dequantize(self, symbols: Tensor, side: S) -> Tensor:
        """Latent y^ (1, C, h', w') of symbols, float64; equal bits on every machine."""
        raise NotImplementedError

    @torch.inference_mode()
    def encode(self, image: np.ndarray) -> bytes:
        """Bitstream of a uint8 (H, W) image, H and W from 16 to 65535.

        Raises:
            UserError: another image, or more than 2^26 samples.
        """
        height, width = check_image(image).shape
        if max(height, width) > MAX_SIDE:
            raise UserError(
                f"{self.name} got an image of {height}x{width} samples",
                f"Cut it into parts of at most {MAX_SIDE} samples a side",
            )
        x = torch.from_numpy(image)[None, None].float()
        y = tiled(self.analysis_transform, x, (height, width), -16)
        z = self.hyper_latent(y)
        side = self.side_information(z, size_of(y), self.gain, self.tools)
        r_stream = self.coder.encode_r(self.choose(x, y, side), side.index, side.coded)
        return Stream(
            height,
            width,
            self.gain,
            self._hash,
            self.coder.encode_z(z),
            r_stream,
            self.tools,
            self.codec_id,
        ).pack()

    @torch.inference_mode()
    def decode(self, stream: bytes) -> np.ndarray:
        """uint8 (H, W) image of a bitstream.

        Raises:
            BitstreamError: damaged, foreign, or made with other weights.
        """
        head = unpack(stream)
        y = torch.from_numpy(self._latent(head))[None]
        x = tiled(self.synthesis_transform, y, (head.height, head.width), 16)
        return x[0, 0, : head.height, : head.width].round().clamp(0, 255).to(torch.uint8).numpy()

    @torch.inference_mode()
    def latent(self, stream: bytes) -> np.ndarray:
        """Decoded latent y^, float32 (C, ceil(H/16), ceil(W/16)), without synthesis.

        Raises as `decode`.
        """
        return self._latent(unpack(stream))

    def _latent(self, head: Stream) -> np.ndarray:
        if head.codec_id != self.codec_id:
            raise BitstreamError(
                f"the bitstream is of codec {head.codec_id}, {self.name} is {self.codec_id}",
                "Decode with the codec it names",
            )
        if head.weights != self._hash:
            raise BitstreamError(
                f"the bitstream was made with weights {head.weights.hex()}..., "
                f"this codec has {self.sha256[:8]}...",
                "Decode with the weights it names",
            )
        h, w = math.ceil(head.height / 16), math.ceil(head.width / 16)
        z = self.coder.decode_z(head.z, (1, self.channels, math.ceil(h / 4), math.ceil(w / 4)))
        side = self.side_information(z, (h, w), head.gain, head.tools)
        y = self.dequantize(self.coder.decode_r(head.r, side.index, side.coded), side)
        return y[0, :, :h, :w].float().numpy()

    @staticmethod
    def overhead(stream: bytes) -> int:
        """Bytes of container in every stream."""
        return OVERHEAD

    @property
    def _hash(self) -> bytes:
        return bytes.fromhex(self.sha256[:8])
