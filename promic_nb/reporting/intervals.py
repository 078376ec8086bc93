"""Tables of AP and of its differences with intervals: `metrics.bootstrap` over a run's matches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, get_args

import numpy as np
import pandas as pd

from promic_nb.errors import UserError
from promic_nb.metrics.ap_draws import ApDraws
from promic_nb.metrics.bjontegaard import Domain, Limits, bd_qualities
from promic_nb.metrics.bootstrap import LEVEL, MIN_BLOCKS, Draws, Interval, Resamples, blocks_of
from promic_nb.metrics.matching import from_table
from promic_nb.reporting.matches import KEYS

PIXELS = "pixels"  # the rate of models on original images, which stand beside every rate
Pair = tuple[str, str]  # a model, and the one that it is compared with
LOW_HIGH = ["low", "high", "no_interval"]
BASIS = ["seeds", "slices", "blocks", "draws"]  # what an interval comes from


@dataclass(frozen=True)
class Study:
    """The AP of a run's models in each draw.

    Attributes:
        resamples: the draws.
        ap: by (model, rate, seed): by metric, float (1 + draws,), 0..1.
        bpp: the mean rate of each rate point.
    """

    resamples: Resamples
    ap: dict[tuple[str, str, int], dict[str, np.ndarray]]
    bpp: dict[str, float]

    @property
    def models(self) -> list[str]:
        return list(dict.fromkeys(model for model, _, _ in self.ap))

    @property
    def metrics(self) -> list[str]:
        return list(next(iter(self.ap.values())))

    def rates(self, model: str) -> list[str]:
        """The rates at which a model has results of some seed; all of one on original images."""
        have = {r for m, r, _ in self.ap if m == model}
        return [rate for rate in self.bpp if rate in have or PIXELS in have]

    def seeds(self, pair: Collection[str], rates: Iterable[str]) -> list[int]:
        """The training seeds of which all these models have results at all these rates."""
        have = [
            {s for m, r, s in self.ap if m == model and r in (rate, PIXELS)}
            for model in pair
            for rate in rates
        ]
        return sorted(set.intersection(*have)) if have else []

    def values(self, model: str, rate: str, seeds: Sequence[int], metric: str) -> np.ndarray:
        """float (K, 1 + draws): AP in percent of each seed."""
        at = rate if (model, rate, seeds[0]) in self.ap else PIXELS
        return 100 * np.array([self.ap[model, at, seed][metric] for seed in seeds])

    def covers(self) -> str:
        """What the intervals of a table are, for its caption."""
        seeds = len({seed for _, _, seed in self.ap})
        resamples = self.resamples
        return interval_note(len(resamples.ids), resamples.blocks, resamples.draws.count, seeds)


def note_of(table: pd.DataFrame) -> str:
    """What the intervals of a table are, by its columns low, no_interval, slices, blocks, draws and
    seeds, if it has seeds.
    """
    if pd.isna(table.slices).all():
        return f"no intervals: {table.no_interval.iloc[0]}"
    row = table.dropna(subset=["slices"]).iloc[0]
    seeds = int(table.seeds.max()) if "seeds" in table else 0
    return interval_note(int(row["slices"]), int(row["blocks"]), int(row["draws"]), seeds)


def interval_note(slices: int, blocks: int, draws: int, seeds: int) -> str:
    """What intervals are, of how many slices, blocks and seeds, and what they do not cover.

    Args:
        seeds: 0 where nothing that was trained is compared.

    Example:
        >>> interval_note(8, 8, 2000, 1)
        '95 % intervals: 2000 draws of 8 slices in 8 blocks; one seed, so its chance is not covered'
        >>> interval_note(8, 4, 2000, 3)
        'no intervals: 8 slices are 4 blocks, and 8 are needed'
    """
    if blocks < MIN_BLOCKS:
        return f"no intervals: {slices} slices are {blocks_of(blocks)}, and {MIN_BLOCKS} are needed"
    own = f"{100 * LEVEL:g} % intervals: {draws} draws of {slices} slices in {blocks}"
    if not seeds:
        return f"{own} blocks"
    if seeds == 1:
        return f"{own} blocks; one seed, so its chance is not covered"
    return f"{own} blocks and of {seeds} seeds"


def study(matches: pd.DataFrame, slices: pd.DataFrame, ap: pd.DataFrame, draws: Draws) -> Study:
    """Evaluate every model on every draw.

    Args:
        matches, slices: from `matches.read_matches`.
        ap: rows of model, rate, bpp, seed, metric, value (0..1), against which the evaluation is
            checked.

    Raises:
        UserError: an AP that differs from `ap`, or one that is missing there.
    """
    resamples = Resamples(slices.slice.tolist(), draws)
    empty = from_table(matches.iloc[:0], slices)
    evaluation = ApDraws(resamples, empty.objects)
    of_model = dict(list(matches.groupby(KEYS)))
    found: dict[tuple[str, str, int], dict[str, np.ndarray]] = {}
    for key, rows in ap.groupby(KEYS, sort=False):
        model, rate, seed = key
        own = of_model.get(key, matches.iloc[:0])
        values = evaluation.of(from_table(own, slices))
        saved = rows.set_index("metric").value
        here = pd.Series({metric: value[0] for metric, value in values.items()})
        if not np.allclose(saved.reindex(here.index), here, atol=1e-6, equal_nan=True):
            raise UserError(
                f"AP of {model} at rate {rate}, seed {seed}, is {saved['AP50']:.4f} in its table "
                f"and {here['AP50']:.4f} by its detections and the objects of the test slices",
                "Run 01_dataset, 05_latents and 07_train_detector again on the same slices",
            )
        found[model, rate, int(seed)] = values
    bpp = ap.dropna(subset=["bpp"]).groupby("rate", sort=False).bpp.mean()
    return Study(resamples, found, bpp.to_dict())


def ap_intervals(study: Study) -> pd.DataFrame:
    """The interval of each model's mean AP: columns model, rate, metric, low, high (0..1),
    no_interval, slices, blocks, draws.
    """
    rows = []
    for model, rate in dict.fromkeys((m, r) for m, r, _ in study.ap):
        seeds = study.seeds([model], [rate])
        for metric in study.metrics:
            row = _row(study, study.values(model, rate, seeds, metric), "percent")
            ends = {"low": row["low"] / 100, "high": row["high"] / 100}
            rows.append({"model": model, "rate": rate, "metric": metric} | row | ends)
    basis = [name for name in BASIS if name != "seeds"]
    return pd.DataFrame(rows, columns=["model", "rate", "metric", *LOW_HIGH, *basis])


def all_pairs(models: Sequence[str]) -> list[Pair]:
    """Each model against each one before it."""
    return [(b, a) for a, b in combinations(models, 2)]


def ap_differences(study: Study, pairs: Iterable[Pair]) -> pd.DataFrame:
    """AP of a model less that of another at each rate where both have results of a seed.

    Returns:
        Columns model, against, rate, bpp, metric, difference_pp (percentage points, mean over
        seeds), low, high, no_interval (why there is none), seeds, slices, blocks, draws.
    """
    rows = []
    for model, against in pairs:
        for rate, bpp in study.bpp.items():
            if seeds := study.seeds([model, against], [rate]):
                for metric in study.metrics:
                    a, b = (study.values(m, rate, seeds, metric) for m in (model, against))
                    at = {"model": model, "against": against, "rate": rate, "bpp": bpp}
                    rows.append(at | {"metric": metric} | _row(study, a - b, "difference_pp"))
    keys = ["model", "against", "rate", "bpp", "metric"]
    return pd.DataFrame(rows, columns=[*keys, "difference_pp", *LOW_HIGH, *BASIS])


def bd_differences(study: Study, pairs: Iterable[Pair], min_points: int) -> pd.DataFrame:
    """BD-AP of a model against another, by both integrations.

    Each model's curve has the rates that it was trained at, as in `ablation.bd_of_seeds`, with the
    seeds that have all of them.

    Returns:
        Columns model, against, metric, domain, bd_pp (percentage points, mean over seeds), and low
        to draws of `ap_differences`. Pairs whose curves `bd_quality` refuses are left out.
    """
    rows = []
    for model, against in pairs:
        rates = [study.rates(m) for m in (against, model)]
        seeds = sorted(set(study.seeds([against], rates[0])) & set(study.seeds([model], rates[1])))
        bpp = [[study.bpp[rate] for rate in own] for own in rates]
        for metric in study.metrics if seeds else []:
            curves = [
                np.array([study.values(m, rate, seeds, metric) for rate in own])
                for m, own in zip((against, model), rates, strict=True)
            ]
            for domain in get_args(Domain):
                try:
                    deltas = bd_qualities(
                        bpp[0],
                        curves[0].reshape(len(rates[0]), -1),
                        bpp[1],
                        curves[1].reshape(len(rates[1]), -1),
                        domain=domain,
                        limits=Limits(points=min_points),
                    ).reshape(len(seeds), -1)
                except UserError:
                    continue
                at = {"model": model, "against": against, "metric": metric, "domain": domain}
                rows.append(at | _row(study, deltas, "bd_pp"))
    keys = ["model", "against", "metric", "domain"]
    return pd.DataFrame(rows, columns=[*keys, "bd_pp", *LOW_HIGH, *BASIS])


def _interval(study: Study, each: np.ndarray) -> Interval:
    return study.resamples.interval(study.resamples.over_seeds(each))


def _row(study: Study, each: np.ndarray, name: str) -> dict[str, Any]:
    found = _interval(study, each)
    return {
        name: found.value,
        "low": found.low,
        "high": found.high,
        "no_interval": found.reason,
        "seeds": len(each),
        "slices": len(study.resamples.ids),
        "blocks": study.resamples.blocks,
        "draws": study.resamples.draws.count,
    }
