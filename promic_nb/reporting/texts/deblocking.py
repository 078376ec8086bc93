"""JPEG deblocking in words: from the tables of notebook 13."""

from __future__ import annotations

from promic_nb.reporting.published import Published
from promic_nb.reporting.texts.markdown import markdown, needing
from promic_nb.studies.deblocking.results import LABELS


@needing("deblocking_reach")
def reach(published: Published) -> str:
    """For each metric, the lowest qualities that reach JPEG-75 when restored."""
    table = published.read("deblocking_reach")
    rows = []
    for metric, part in table.groupby("metric", sort=False):
        counts = part.lowest_quality.value_counts().sort_index()
        found = [f"JPEG-{int(quality)}: {n}" for quality, n in counts.items()]
        found += [f"none: {n}"] if (n := int(part.lowest_quality.isna().sum())) else []
        rows.append((metric, "; ".join(found)))
    return markdown(["by", "lowest quality that reaches JPEG-75: number of models"], rows)


@needing("deblocking_storage")
def storage(published: Published) -> str:
    """What each quality saves."""
    rows = [
        (f"JPEG-{row['quality']}", f"{row['mean_kb']:.2f}", f"{row['saved_percent']:.1f}")
        for row in published.read("deblocking_storage").to_dict("records")
    ]
    return markdown(["quality", "mean size (kB)", "saved against JPEG-75 (%)"], rows)


@needing("deblocking_summary")
def means(published: Published) -> str:
    """PSNR and SSIM of whole test images: JPEG, and restored by JJNet trained with MSE."""
    table = published.read("deblocking_summary")
    whole = table[(table["size"] == "full") & table.metric.isin(["psnr_db", "ssim"])]
    whole = whole[(whole.network == "jjnet") & (whole.loss == "mse")]
    qualities = sorted(whole.quality.unique(), reverse=True)
    rows = []
    for metric, digits in (("psnr_db", 2), ("ssim", 4)):
        part = whole[whole.metric == metric]
        label = LABELS[metric]
        jpeg = part.drop_duplicates("quality").set_index("quality").jpeg
        rows.append([f"{label}, JPEG", *(f"{jpeg[q]:.{digits}f}" for q in qualities)])
        for trained, own in part.groupby("trained_on", sort=False):
            values = own.set_index("quality").restored
            name = f"{label}, JJNet trained on {trained}"
            rows.append([name, *(f"{values[q]:.{digits}f}" for q in qualities)])
    return markdown(["means of test images", *(f"JPEG-{q}" for q in qualities)], rows)
