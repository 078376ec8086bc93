"""Learning from latents, and one decoder for several tasks: from tables of notebooks 15 and 17."""

from __future__ import annotations

from promic_nb.reporting.published import Published
from promic_nb.reporting.texts.markdown import markdown, needing


@needing("latent_learning")
def learners(published: Published) -> str:
    """Top-1 accuracy and mIoU of each learner at each rate, tested as Table 2 compares them."""
    table = published.read("latent_learning")
    as_tested = table.domain.map({"latent": "original", "reconstruction": "fixed"})
    part = table[table.metric.isin(["top1", "miou"])]
    part = part[(part.tested == as_tested[part.index]) | (part.metric == "miou")]
    rates = part.groupby("rate").bpp.mean().sort_values()
    keys = ["metric", "network", "domain", "training", "features"]
    grid = 100 * part.pivot_table(index=keys, columns="rate", values="value", sort=False)
    names = {"top1": "top-1", "miou": "mIoU"}
    rows = [
        (
            f"{names[metric]} (%), {network}, {domain}, {training} size, {features} features",
            *(f"{value:.1f}" for value in row[rates.index]),
        )
        for (metric, network, domain, training, features), row in grid.iterrows()
    ]
    return markdown(["", *(f"{bpp:.2f} bpp" for bpp in rates)], rows)


@needing("latent_learning_gains")
def gains(published: Published) -> str:
    """Differences of top-1 accuracy at each rate and on average."""
    grid = published.read("latent_learning_gains").pivot_table(
        index=["comparison", "network"], columns="rate", values="gain_pp", sort=False
    )
    rows = [
        (comparison, network, *(f"{value:+.1f}" for value in row))
        for (comparison, network), row in grid.iterrows()
    ]
    columns = [f"target {rate}" if rate != "mean" else "mean" for rate in grid.columns]
    return markdown(["top-1 (pp)", "network", *columns], rows)


@needing("multitask_faces")
def faces(published: Published) -> str:
    """Losses and recognition on unseen people."""
    grid = published.read("multitask_faces").pivot_table(
        index="metric", columns="stage", values="value", sort=False
    )
    names = {
        "mse": "MSE of the reconstruction (samples in 0..1)",
        "mse_hr": "MSE of the doubled resolution",
        "mse_hr_bicubic": "the same, by bicubic enlargement",
        "cosine": "cosine distance to the teacher's embedding",
        "identified_originals": "faces identified from originals (%)",
        "identified_reconstructions": "faces identified from reconstructions (%)",
        "identified_facenet": "faces identified from facenet's output (%)",
    }
    rows = []
    for metric, name in names.items():
        scale = 100 if name.endswith("(%)") else 1
        rows.append((name, *(f"{scale * value:.2g}" for value in grid.loc[metric])))
    return markdown(["faces", *grid.columns], rows)


@needing("multitask_classification")
def classes(published: Published) -> str:
    """Accuracy and reconstruction quality of both frameworks."""
    rows = [
        (row["framework"], f"{row['percent']:.1f}", f"{row['psnr_db']:.1f}")
        for row in published.read("multitask_classification").to_dict("records")
    ]
    return markdown(["", "accuracy (%)", "PSNR of the reconstruction (dB)"], rows)


@needing("multitask_cosine")
def cosine(published: Published) -> str:
    """Cosine distance between the latents of two encoders."""
    rows = [
        (row["pictures"], f"{row['mean']:.3f}", f"{row['std']:.3f}", row["count"])
        for row in published.read("multitask_cosine").to_dict("records")
    ]
    return markdown(["pictures", "mean", "standard deviation", "number"], rows)
