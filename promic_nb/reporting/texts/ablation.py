"""The ablation and the probes in words: from the tables of notebooks 08 and 21."""

from __future__ import annotations

import pandas as pd

from promic_nb.models.recipes import COMPARISONS, RECIPES
from promic_nb.reporting import sentences
from promic_nb.reporting.ablation import OF_ELEVEN, PARTS, with_interval
from promic_nb.reporting.published import Published
from promic_nb.reporting.texts.markdown import markdown, needing


def parts_of(recipe: str) -> str:
    """The parts of mirror training that a model has, such as "LRB, PD-FT"."""
    plan = RECIPES[recipe]
    has = {"lrb": plan.lrb, "pd_ft": plan.pd_ft, "gdtt": plan.gdtt}
    return ", ".join(PARTS[part] for part, there in has.items() if there) or "none"


@needing("ap_over_seeds")
def ap50_figure(published: Published) -> str:
    """The first figure of README.md, with the alternative text of its sidecar."""
    return f"![{published.figures['ap50_over_rate']['alt']}](figures/ap50_over_rate.png)"


@needing("ranking")
def summary(published: Published) -> str:
    """BD-AP50 of each model, ours and published, best first."""
    order = published.read("ranking")
    rows = [
        ["parts", *map(parts_of, order.recipe)],
        ["here, 101 points", *_distances(order, "")],
        ["here, 11 points", *_distances(order, "11")],
        ["published", *order.published_pp.map("{:.2f}".format)],
    ]
    return markdown(["", *order.recipe], rows)


def _distances(table: pd.DataFrame, points: str) -> list[str]:
    names = OF_ELEVEN if points else ["bd_pp", "low", "high", "std"]
    return list(map(with_interval, *(table[name] for name in names)))


@needing("ranking", "table6")
def order(published: Published) -> str:
    """BD-AP50 and BD-AP of each model by both forms of AP, beside the published values."""
    order, table = published.read("ranking"), published.read("table6")
    header = ["model", "parts"]
    cells: list[list[str]] = [list(order.recipe), [parts_of(r) for r in order.recipe]]
    for metric in ("AP50", "AP"):
        part = table[table.metric == metric].set_index("recipe").loc[order.recipe]
        header += [f"BD-{metric}, 101 points", f"BD-{metric}, 11 points", "published"]
        cells += [_distances(part, ""), _distances(part, "11")]
        cells.append(list(part.published_pp.map("{:.2f}".format)))
    return markdown(header, zip(*cells, strict=True))


@needing("ranking")
def tau(published: Published) -> str:
    """Kendall's tau between our order and the published one."""
    order = published.read("ranking")
    return f"{order.bd_pp.corr(order.published_pp, method='kendall'):.2f}"


@needing("bd_ap")
def differences(published: Published) -> str:
    """What the intervals say of each model against A, and of each part of mirror training."""
    if published.matching("bd_ap_differences"):
        table = published.read("bd_ap_differences")
        pairs = pd.MultiIndex.from_frame(table[["against", "model"]])
        table = table[(table.against == "A") | pairs.isin(list(COMPARISONS))]
    else:
        table = published.read("bd_ap").rename(columns={"recipe": "model"}).assign(against="A")
    shown = table[(table.domain == "linear") & (table.metric == "AP50")]
    return sentences.bullets(map(sentences.of_row, shown.to_dict("records")))


@needing("ap_over_seeds")
def ap50(published: Published) -> str:
    """AP50 of each model at each rate."""
    table = published.read("ap_over_seeds")
    part = table[(table.metric == "AP50") & table.bpp.notna()]
    rates = part.groupby("rate").bpp.mean().sort_values()
    cells = part.assign(
        cell=[
            f"{100 * row['mean']:.1f}" + (f" ± {100 * row['std']:.1f}" if row["std"] > 0 else "")
            for row in part.to_dict("records")
        ]
    ).pivot_table(index="recipe", columns="rate", values="cell", aggfunc="first")
    best = part.groupby("recipe")["mean"].mean().sort_values(ascending=False).index
    rows = [[recipe, *cells.loc[recipe, rates.index].fillna("-")] for recipe in best]
    return markdown(["AP50 (%)", *(f"{bpp:.2f} bpp" for bpp in rates)], rows)


@needing("cross_rate")
def cross_rate(published: Published) -> str:
    """AP50 of models on inputs of other rates."""
    table = published.read("cross_rate")
    part = table[table.metric == "AP50"]
    rates = part.groupby("tested").bpp.mean().sort_values()
    recipes = [r for r in RECIPES if r in set(part.recipe)]
    grid = 100 * part.pivot_table(
        index="trained", columns=["recipe", "tested"], values="value", aggfunc="mean"
    )
    at = " / ".join(f"{bpp:.2f}" for bpp in rates)
    rows = [
        [f"{rates[rate]:.2f} bpp"]
        + [
            " / ".join(f"{grid.loc[rate, (r, tested)]:.1f}" for tested in rates.index)
            for r in recipes
        ]
        for rate in rates.index
    ]
    return markdown(["trained at", *(f"{r} on {at} bpp" for r in recipes)], rows)


@needing("features")
def features(published: Published) -> str:
    """Mean correlation of feature maps with model A's."""
    table = published.read("features").to_dict("records")
    rows = [(row["stage"], row["model"], f"{row['mean']:.3f}", row["constant"]) for row in table]
    return markdown(["input of stage", "model", "mean correlation", "constant maps"], rows)


@needing("diagnosis")
def diagnosis(published: Published) -> str:
    """What one change does to a model, on validation slices: AP50 and AP, and their changes."""
    table = published.read("diagnosis").query("split == 'val'")
    keys = ["question", "setting", "recipe", "rate"]
    columns = ["value", "change_pp"]
    wide = table.assign(
        value=100 * table.value, change_pp=table.change_pp.astype(float)
    ).pivot_table(columns, keys, "metric", sort=False, dropna=False, observed=True)
    wide = wide.dropna(how="all")
    rows = []
    for key, cells in wide.iterrows():
        rows.append(list(key))
        for metric in ("AP50", "AP"):
            rows[-1].append(f"{cells['value', metric]:.1f}")
            change = cells["change_pp", metric]
            rows[-1].append("" if pd.isna(change) else f"{change:+.1f}")
    return markdown([*keys, "AP50 (%)", "change (pp)", "AP (%)", "change (pp)"], rows)
