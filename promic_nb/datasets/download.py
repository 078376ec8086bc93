"""Downloads with pinned hashes, by pooch."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import BadZipFile, ZipFile

import pooch

from promic_nb.errors import UserError


@dataclass(frozen=True)
class Archive:
    """A zip archive to download.

    Attributes:
        url: its address.
        sha256: its hash.
        folder: that it unpacks to.
    """

    url: str
    sha256: str
    folder: str


def retrieve(url: str, sha256: str, folder: Path, remedy: str, **options: Any) -> str:
    """Download and verify a file once; `options` are those of `pooch.retrieve`.

    Raises:
        UserError: no network, or a wrong hash; with `remedy` and the address.
    """
    remedy = f"{remedy} (source: {url})"
    try:
        return pooch.retrieve(
            url, known_hash=f"sha256:{sha256}", path=folder, progressbar=True, **options
        )
    except ValueError as error:
        raise UserError(
            f"the download of {folder.name} has the wrong hash ({error})", remedy
        ) from error
    except OSError as error:  # requests' errors are OSErrors
        raise UserError(f"{folder.name} could not be downloaded ({error})", remedy) from error


def fetch(name: str, archive: Archive, cache: Path) -> Path:
    """Download, verify and unpack the archive of the data set `name` once; return its folder.

    Raises:
        UserError: no network, a wrong hash, or an archive of another layout.
    """
    remedy = "Name a local copy instead: make reproduce DATA=PATH, or PROMIC_DATA=PATH"
    unpacked = unpack(Path(retrieve(archive.url, archive.sha256, cache / name, remedy)))
    for found in (unpacked, *unpacked.rglob(archive.folder)):
        if found.name == archive.folder and found.is_dir():
            return found
    raise UserError(f"the archive of {name} does not hold {archive.folder}/", remedy)


def unpack(archive: Path) -> Path:
    """Unpack a zip archive once into the folder `ARCHIVE.unzip` beside it, all of it or nothing;
    return the folder.

    Raises:
        UserError: a damaged archive, one with a path that leads out of the folder, or no space.
    """
    folder, part = (
        archive.with_name(f"{archive.name}.unzip"),
        archive.with_name(f"{archive.name}.part"),
    )
    if folder.is_dir():
        return folder
    shutil.rmtree(part, ignore_errors=True)
    try:
        with ZipFile(archive) as file:
            for name in file.namelist():
                if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                    raise UserError(
                        f"{archive} holds the path {name!r}, which leads out of its folder",
                        "Do not use this archive",
                    )
            file.extractall(part)
        part.replace(folder)
    except (BadZipFile, EOFError, OSError) as error:
        raise UserError(
            f"{archive} cannot be unpacked ({error})",
            "Free disk space, or delete the archive and download it again",
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder
