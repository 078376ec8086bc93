"""Detection of mitochondria in compressed micrographs, without decoding: helpers under the
notebooks.

The package follows the dissertation *Processing of Microscopy Images in the Compressed Domain*
(Vasconcellos, 2025), called "the dissertation" throughout. Nothing heavy is imported here, so that
the command line stays quick.
"""

__version__ = "0.2.0"
