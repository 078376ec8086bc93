"""Restoring JPEG images of blood cells (Hafstrandt Fovaeus and Ma, *JPEG-deblocking of blood cell
images using deep learning*, Lund 2020).
"""
