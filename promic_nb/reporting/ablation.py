"""The ablation in numbers.

AP and BD-AP over seeds, Tables 5 and 6 with the published values beside ours, and the ranking of
the models.
"""

from __future__ import annotations

import pandas as pd
from pandas.io.formats.style import Styler

from promic_nb.claims import load_claims
from promic_nb.errors import UserError
from promic_nb.metrics.bjontegaard import Limits, bd_quality
from promic_nb.models.recipes import RECIPES
from promic_nb.reporting.intervals import BASIS, LOW_HIGH

AP_COLUMNS = ("AP50", "AP75", "APs", "APm", "APl", "AP")  # in the order of Tables 5 and 6
# The suffix of a metric with 11 recall points, as in Eq. 5 of the dissertation; without it there
# are 101, as in Detectron2. It is unknown which of them the dissertation's tables use.
ELEVEN_POINTS = " (voc11)"
OF_ELEVEN = ["bd_11_pp", "low_11", "high_11", "std_11"]
PARTS = {"compressed_domain": "Compressed domain", "lrb": "LRB", "pd_ft": "PD-FT", "gdtt": "GDTT"}


def _over_seeds(values: pd.api.typing.SeriesGroupBy, name: str) -> pd.DataFrame:
    """Mean, standard deviation (n - 1; NaN for one seed), minimum, maximum and number of seeds.

    Seeds without a value are not counted.
    """
    return values.agg(["mean", "std", "min", "max", "count"]).set_axis(
        [name, "std", "min", "max", "seeds"], axis=1
    )


def ap_over_seeds(ap: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over seeds for each model, rate and metric.

    Args:
        ap: rows of recipe, rate, bpp, seed, metric, value (0..1).

    Returns:
        Columns recipe, rate, metric, mean, std, min, max (0..1), seeds, bpp.
    """
    groups = ap.groupby(["recipe", "rate", "metric"], sort=False)
    return _over_seeds(groups.value, "mean").assign(bpp=groups.bpp.mean()).reset_index()


def bd_of_seeds(ap: pd.DataFrame, min_points: int) -> pd.DataFrame:
    """BD-AP of each model and seed against model A of the same seed, by both integrations.

    Args:
        ap: see `ap_over_seeds`.
        min_points: number of rate points that a difference needs.

    Returns:
        Columns recipe, seed, metric, domain, bd_pp (percentage points), rates, reason (why there is
        no number).
    """
    curves = dict(list(ap.groupby(["recipe", "seed", "metric"], sort=False)))
    rows = []
    for (recipe, seed, metric), test in curves.items():
        if recipe in ("original", "A"):
            continue
        reference = curves.get(("A", seed, metric), test.iloc[:0])
        for domain in ("linear", "log"):
            value, reason = float("nan"), ""
            try:
                value = bd_quality(
                    reference.bpp,
                    100 * reference.value,
                    test.bpp,
                    100 * test.value,
                    domain=domain,
                    limits=Limits(min_points),
                ).value
            except UserError as error:
                reason = str(error)
            rows.append((recipe, seed, metric, domain, value, len(test), reason))
    return pd.DataFrame(
        rows, columns=["recipe", "seed", "metric", "domain", "bd_pp", "rates", "reason"]
    )


def bd_over_seeds(bd: pd.DataFrame, differences: pd.DataFrame) -> pd.DataFrame:
    """Mean, spread over seeds and interval of the result of `bd_of_seeds`.

    Args:
        differences: from `intervals.bd_differences`.

    Returns:
        Columns recipe, metric, domain, bd_pp (the mean), std, min, max, seeds, rates (minimum over
        seeds), reason (from a seed without a number), low, high, no_interval, slices, blocks,
        draws.
    """
    groups = bd.groupby(["recipe", "metric", "domain"], sort=False)
    table = (
        _over_seeds(groups.bd_pp, "bd_pp")
        .assign(rates=groups.rates.min(), reason=groups.reason.max())
        .reset_index()
    )
    keys = ["recipe", "metric", "domain"]
    from_a = differences.rename(columns={"model": "recipe"}).query("against == 'A'")
    return table.merge(from_a[[*keys, *LOW_HIGH, *BASIS]].drop(columns="seeds"), "left", keys)


def with_published(bd: pd.DataFrame, location: str = "Table 6") -> pd.DataFrame:
    """The models and metrics of a printed table, with the published numbers beside ours.

    Args:
        bd: from `bd_over_seeds`.
        location: "Table 5" or "Table 6".

    Returns:
        Columns recipe, compressed_domain, lrb, pd_ft, gdtt, metric, bd_pp (101-point AP; NaN if not
        run), low, high, std, bd_11_pp, low_11, high_11, std_11 (the same with 11-point AP), seeds,
        published_pp, difference_pp (of bd_pp).
    """
    claims = [c for c in load_claims() if c.document == "000" and location in c.locations]
    printed = pd.DataFrame(
        [
            {**c.source.where, "published_pp": c.value}
            for c in claims
            if c.source.table == "bd_ap" and c.kind == "value" and not c.source.against
        ]
    )
    parts = [
        (r, plan.inputs == "latent", plan.lrb, plan.pd_ft, plan.gdtt) for r, plan in RECIPES.items()
    ]
    keys = ["recipe", "metric", "domain"]
    eleven = bd[bd.metric.str.endswith(ELEVEN_POINTS)].assign(
        metric=lambda t: t.metric.str.removesuffix(ELEVEN_POINTS)
    )
    values = ["bd_pp", "low", "high", "std"]
    table = printed.merge(bd[[*keys, *values, "seeds"]], "left", keys).merge(
        eleven[[*keys, *values]].set_axis([*keys, *OF_ELEVEN], axis=1), "left", keys
    )
    table = pd.DataFrame(parts, columns=["recipe", *PARTS]).merge(
        table.drop(columns="domain"), on="recipe"
    )
    return table.assign(
        difference_pp=table.bd_pp - table.published_pp, seeds=table.seeds.fillna(0).astype(int)
    )[
        [
            "recipe",
            *PARTS,
            "metric",
            *values,
            *OF_ELEVEN,
            "seeds",
            "published_pp",
            "difference_pp",
        ]
    ]


def ranking(table: pd.DataFrame, metric: str = "AP50") -> pd.DataFrame:
    """The models in order of BD-AP, best first, with their published rank and values.

    Args:
        table: from `with_published`.

    Returns:
        Columns rank, recipe, bd_pp, low, high, std, rank_11, bd_11_pp, low_11, high_11, std_11
        (with 11-point AP), seeds, published_rank (among all models), published_pp, difference_pp.
        Models not run are left out.
    """
    part = (
        table[table.metric == metric]
        .assign(published_rank=lambda t: t.published_pp.rank(ascending=False).astype(int))
        .dropna(subset=["bd_pp"])
    )
    part = part.sort_values("bd_pp", ascending=False).assign(
        rank=range(1, len(part) + 1), rank_11=part.bd_11_pp.rank(ascending=False)
    )
    return part[
        [
            "rank",
            "recipe",
            "bd_pp",
            "low",
            "high",
            "std",
            "rank_11",
            *OF_ELEVEN,
            "seeds",
            "published_rank",
            "published_pp",
            "difference_pp",
        ]
    ].reset_index(drop=True)


def plus_minus(mean: float, std: float, digits: int = 2) -> str:
    """A mean with its standard deviation as text.

    The mean alone if there is no deviation, "-" if there is no mean.
    """
    if pd.isna(mean):
        return "-"
    return f"{mean:.{digits}f}" + ("" if pd.isna(std) else f" ± {std:.{digits}f}")


def with_interval(value: float, low: float, high: float, std: float) -> str:
    """A mean with its interval as text; with its standard deviation where it has no interval.

    Example:
        >>> with_interval(-3.216, -4.4, -2.1, 0.9), with_interval(-3.216, *3 * [float("nan")])
        ('-3.22 [-4.40, -2.10]', '-3.22')
    """
    return plus_minus(value, std) if pd.isna(low) else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def printed_form(table: pd.DataFrame, parts: bool = True) -> Styler:
    """A table of `with_published` as the dissertation prints it.

    A row per model, the reference first; for each metric our value with 101-point AP, that with
    11-point AP, and the published one.

    Args:
        parts: whether there are columns of components (Table 6) or not (Table 5).
    """
    shown = ["101 points", "11 points", "published"]
    cells = table.assign(
        **{
            shown[0]: list(
                map(with_interval, *(table[c] for c in ("bd_pp", "low", "high", "std")))
            ),
            shown[1]: list(map(with_interval, *(table[c] for c in OF_ELEVEN))),
            shown[2]: table.published_pp.map("{:.2f}".format),
        }
    )
    wide = cells.pivot_table(
        index="recipe", columns="metric", values=shown, aggfunc="first", sort=False
    )
    wide = wide.swaplevel(axis=1).reindex(columns=pd.MultiIndex.from_product([AP_COLUMNS, shown]))
    form = pd.concat([pd.DataFrame("-", index=["A (Ref.)"], columns=wide.columns), wide])
    form.columns = pd.MultiIndex.from_tuples([(f"BD-{m} (pp)", which) for m, which in form.columns])
    if parts:
        marks = (
            table.drop_duplicates("recipe")
            .set_index("recipe")[list(PARTS)]
            .replace({True: "✓", False: ""})
        )
        for place, (name, label) in enumerate(PARTS.items()):
            form.insert(place, ("", label), marks[name].reindex(form.index).fillna(""))
    form.insert(0, ("", "Model"), form.index)
    return form.style.hide(axis="index")


def latex(style: Styler, caption: str) -> str:
    """A styled table as LaTeX (booktabs, multirow, amssymb)."""
    return (
        style.to_latex(hrules=True, caption=caption, multicol_align="c")
        .replace("✓", r"\checkmark")
        .replace("±", r"$\pm$")
    )
