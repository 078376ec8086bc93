"""Codecs by name: the tables, and the types of parameters that name one."""

from typing import Annotated

from promic_nb.codecs.base import CodecFactory
from promic_nb.core.registry import Registry

_LATENT = {
    "jpegai_bop_off": "promic_nb.codecs.learned:JPEGAI_BOP_OFF",
    "jpegai_bop_on": "promic_nb.codecs.learned:JPEGAI_BOP_ON",
    "jpegai_hop_off": "promic_nb.codecs.learned:JPEGAI_HOP_OFF",
    "jpegai_hop_on": "promic_nb.codecs.learned:JPEGAI_HOP_ON",
    "jpegai_vm33": "promic_nb.codecs.learned:JPEGAI_VM33",
}
LATENT_CODECS = Registry[CodecFactory](
    "latent codec", _LATENT, group="promic_nb.latent_codecs"
)  # whose latents detectors here are trained on
CODECS = Registry[CodecFactory](
    "codec",
    {
        "jpeg": "promic_nb.codecs.pillow:Jpeg",
        "jpeg2000": "promic_nb.codecs.pillow:Jpeg2000",
        "jpegxl": "promic_nb.codecs.jpegxl:JpegXl",
        "avif": "promic_nb.codecs.pillow:Avif",
        "hevc": "promic_nb.codecs.ffmpeg:Hevc",
        "vvc": "promic_nb.codecs.ffmpeg:Vvc",
        **_LATENT,
        "jpegai_reference": "promic_nb.codecs.reference:JpegAiReference",
    },
    group="promic_nb.codecs",
    includes=(LATENT_CODECS,),
)
CodecName = Annotated[str, CODECS]
LatentCodecName = Annotated[str, LATENT_CODECS]
