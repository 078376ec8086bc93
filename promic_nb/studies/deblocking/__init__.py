"""Restoring JPEG images of blood cells.

Source: Hafstrandt Fovaeus and Ma, *JPEG-deblocking of blood cell images using deep learning*, Lund
2020.
"""
