"""JPEG built from its parts, and how well few transform coefficients represent an image.

Source: Kunwar, *Strategies in JPEG compression using CNN*.
"""

from promic_nb.studies.transform_coding.jpeg import Parts, decode, encode
from promic_nb.studies.transform_coding.threshold import TRANSFORMS, keep_largest, quality

__all__ = ["TRANSFORMS", "Parts", "decode", "encode", "keep_largest", "quality"]
