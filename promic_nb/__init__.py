"""Detection of mitochondria in compressed micrographs, without decoding: helpers under the
notebooks.

The package follows the dissertation *Processing of Microscopy Images in the Compressed Domain*
(Vasconcellos, 2025), called "the dissertation" throughout. The names are imported when they are
first used, so that `import promic_nb` and the command line stay quick.

Example:
    >>> import numpy as np
    >>> import promic_nb
    >>> image = np.random.default_rng(0).integers(0, 256, (64, 96), dtype=np.uint8)
    >>> codec = promic_nb.codecs.get("jpeg", quality=80)
    >>> decoded = codec.decode(codec.encode(image))
    >>> 20 < promic_nb.metrics.compute(image, decoded, ["psnr"])["psnr"] < 50
    True
"""

import lazy_loader

__version__ = "0.2.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
