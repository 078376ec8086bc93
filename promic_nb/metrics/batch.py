"""Quality of many pairs: the tidy table, on all cores, with a progress bar; a cache lets a run
that was killed go on.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm.auto import tqdm

from promic_nb.core.cache import ResultCache
from promic_nb.core.files import sha256
from promic_nb.errors import UserError
from promic_nb.metrics.front_end import FrontEnd
from promic_nb.metrics.quality import check_names, compute
from promic_nb.metrics.registry import METRICS

if TYPE_CHECKING:
    import pandas as pd

Pair = tuple[dict[str, Any], np.ndarray, np.ndarray]
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def compute_table(
    pairs: Iterable[Pair],
    names: Iterable[str] | None = None,
    *,
    bit_depth: int = 8,
    front_end: FrontEnd = "10bit",
    cache: str | Path | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """One row for each pair and metric: the pair's labels, `metric`, `value`, `reason`.

    Args:
        pairs: labels (such as {"slice": 3, "codec": "hevc"}, JSON values), reference and distorted
            image; a generator is read as needed.
        names, bit_depth, front_end: as `compute`.
        cache: a file of JSON lines that finished pairs are added to. Pairs found there are not
            computed again, if images, settings and the source of the metrics are the same.
        workers: processes, one thread each; by default one for each core. With 1, no process is
            started.
        progress: whether to show a progress bar.

    Returns:
        Rows in the order of the pairs. Where `value` is NaN, `reason` says why; elsewhere it is "".

    Raises:
        UserError: an unknown metric, or labels named like the table's own columns.
    """
    import pandas as pd

    settings = {"names": check_names(names), "bit_depth": bit_depth, "front_end": front_end}
    done, labels, rows = ResultCache(cache), [], {}
    total = len(pairs) if isinstance(pairs, Sized) else None
    pending: dict[Future, tuple[int, str]] = {}
    with (
        _pool(workers or os.cpu_count() or 1) as (pool, most),
        tqdm(total=total, desc="quality", unit="pair", disable=not progress) as bar,
    ):

        def collect(until: int) -> None:
            while len(pending) > until:
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    i, key = pending.pop(future)
                    rows[i] = future.result()
                    done[key] = rows[i]
                    bar.update()

        for i, (label, reference, distorted) in enumerate(pairs):
            if clash := {"metric", "value", "reason"} & set(label):
                raise UserError(
                    f"pair {i} has labels {sorted(clash)}",
                    "The table's own columns have these names; choose others",
                )
            labels.append(label)
            key = _key(label, np.asarray(reference), np.asarray(distorted), settings)
            if key in done:
                rows[i] = done[key]
                bar.update()
                continue
            pending[pool.submit(_measure, reference, distorted, settings)] = i, key
            collect(most - 1)
        collect(0)
    table = [
        {**label, "metric": m, "value": v, "reason": why}
        for i, label in enumerate(labels)
        for m, v, why in rows[i]
    ]
    columns = [
        *dict.fromkeys(name for label in labels for name in label),
        "metric",
        "value",
        "reason",
    ]
    return pd.DataFrame(table, columns=columns).astype({"value": float})


def _measure(
    reference: np.ndarray, distorted: np.ndarray, settings: dict[str, Any]
) -> list[tuple[str, float | None, str]]:
    """Metric, value and reason for one pair."""
    names, options = settings["names"], {k: v for k, v in settings.items() if k != "names"}
    rows: list[tuple[str, float | None, str]] = []
    for name in names:
        try:
            rows.append((name, compute(reference, distorted, [name], **options)[name], ""))
        except UserError as error:
            rows.append((name, None, str(error)))
    return rows


class _Here(Executor):
    """Runs at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@contextmanager
def _pool(workers: int) -> Iterator[tuple[Executor, int]]:
    """An executor, and how many pairs may wait in it: enough to keep it busy, few enough to keep
    images out of memory.
    """
    if workers == 1:
        yield _Here(), 1
        return
    # Spawned, as torch's threads do not survive a fork; numpy reads the number of threads when it
    # is imported.
    with (
        _environment(_ONE_THREAD),
        ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), _one_torch_thread
        ) as pool,
    ):
        try:
            yield pool, 2 * workers
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for processes started inside."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def _one_torch_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _key(
    label: dict[str, Any], reference: np.ndarray, distorted: np.ndarray, settings: dict[str, Any]
) -> str:
    """Hash of all that a pair's rows depend on."""
    digest = hashlib.sha256(
        json.dumps(
            [label, settings, _source(), *map(_origin, settings["names"])],
            sort_keys=True,
            default=str,
        ).encode()
    )
    for image in (reference, distorted):
        digest.update(
            f"{image.dtype}{image.shape}".encode() + np.ascontiguousarray(image).tobytes()
        )
    return digest.hexdigest()


def _source() -> str:
    """Hash of this package's metrics; the table of names computes nothing."""
    files = sorted(p for p in Path(__file__).parent.glob("*.py") if p.name != "registry.py")
    return hashlib.sha256(b"".join(p.read_bytes() for p in files)).hexdigest()


def _origin(name: str) -> str:
    """Hash of the module that a metric, perhaps of another package, comes from."""
    spec = find_spec(METRICS.module(name))
    return sha256(Path(spec.origin)) if spec and spec.origin else ""
