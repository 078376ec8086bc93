"""Synthetic pictures for the related studies where no data set is named: they show that the
software works, and nothing else.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from promic_nb.datasets.pictures import Pictures, PictureSet, Sample, by_people

GRATING_CLASSES = 10
PEOPLE, PICTURES_EACH = 12, 8


def grating(rng: np.random.Generator, label: int, side: int = 32) -> np.ndarray:
    """A coloured plane wave in noise, uint8 (side, side, 3); its direction is the class, 0..9, in
    steps of 18 degrees.
    """
    rows, columns = np.mgrid[:side, :side]
    angle = np.pi * label / GRATING_CLASSES
    phase = (columns * np.cos(angle) + rows * np.sin(angle)) * 2 * np.pi / rng.uniform(
        5, 9
    ) + rng.uniform(0, 2 * np.pi)
    image = 128 + np.cos(phase)[..., None] * rng.uniform(25, 60, 3) + rng.uniform(-30, 30, 3)
    image += gaussian_filter(rng.normal(size=(side, side, 3)), (2, 2, 0)) * 60
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def gratings(count: int, seed: int) -> list[tuple[np.ndarray, int]]:
    """`count` gratings, the classes in turn."""
    return [
        (grating(np.random.default_rng((seed, i)), i % GRATING_CLASSES), i % GRATING_CLASSES)
        for i in range(count)
    ]


def face(person: int, shot: int, size: tuple[int, int] = (112, 92)) -> np.ndarray:
    """A drawn face, uint8 (H, W, 3), grey: the person fixes its features, the shot its place, light
    and noise.
    """
    own, rng = np.random.default_rng((7, person)), np.random.default_rng((7, person, shot))
    rows, columns = np.mgrid[: size[0], : size[1]].astype(float)
    y, x = (
        (rows - size[0] / 2 + rng.normal(0, 2)) / size[0] * 2,
        (columns - size[1] / 2 + rng.normal(0, 2)) / size[1] * 2,
    )
    image = np.full(size, 60.0)
    head, eyes, mouth = (
        own.uniform((0.7, 0.55, 110), (0.95, 0.85, 190)),
        own.uniform((-0.35, 0.2, 0.06), (-0.1, 0.4, 0.13)),
        own.uniform(0.3, 0.6),
    )
    image[(y / head[0]) ** 2 + (x / head[1]) ** 2 < 1] = head[2]
    for sign in (-1, 1):
        image[(y - eyes[0]) ** 2 + (x - sign * eyes[1]) ** 2 < eyes[2] ** 2] = 30
    image[(abs(y - mouth) < 0.05) & (abs(x) < own.uniform(0.15, 0.4))] = 50
    image[(y < own.uniform(-0.7, -0.4)) & ((y / head[0]) ** 2 + (x / head[1]) ** 2 < 1.1)] = (
        own.uniform(20, 120)
    )
    image = gaussian_filter(image, 1.2) * rng.uniform(0.85, 1.15) + rng.normal(0, 4, size)
    return np.repeat(np.clip(np.round(image), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _gratings(_: Path) -> Pictures:
    """Synthetic: 10 directions of a plane wave, 32 x 32."""
    names = tuple(f"{18 * i} degrees" for i in range(GRATING_CLASSES))
    return Pictures(
        "gratings",
        names,
        gratings(400, 0),
        gratings(100, 1),
        "synthetic pictures",
    )


def _drawn_faces(_: Path) -> Pictures:
    """Drawn faces of 12 people, 112 x 92; the last third of the people is for testing."""
    everyone: list[list[Sample]] = [
        [(face(p, s), p) for s in range(PICTURES_EACH)] for p in range(PEOPLE)
    ]
    return by_people(
        "drawn_faces",
        tuple(f"person {p}" for p in range(PEOPLE)),
        everyone,
        2 / 3,
        "synthetic faces",
    )


GRATINGS, DRAWN_FACES = PictureSet(_gratings, True), PictureSet(_drawn_faces, True)
