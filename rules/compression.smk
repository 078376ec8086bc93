# The related studies on JPEG: transform coding step by step (document 002) and deblocking of cell images (document 003).
if P.studies.transform_coding:

    rule transform_coding:
        input:
            **source("11_transform_coding"),
            data=rules.data.output,
        output:
            notebook=f"{RUN}/notebooks/11_transform_coding.ipynb",
            tables=multiext(f"{TABLES}/transform_jpeg", ".parquet", ".json") + multiext(f"{TABLES}/transform_threshold", ".parquet", ".json"),
            figures=multiext(f"{FIGURES}/dft_dct", ".png", ".json"),
        params:
            yaml=checked("11_transform_coding", **DATA, **P.studies.transform_coding.model_dump(), tables=TABLES, figures=FIGURES),
        log:
            f"{RUN}/logs/11_transform_coding.log",
        benchmark:
            f"{RUN}/benchmarks/11_transform_coding.tsv",
        resources:
            **need(),
        shell:
            EXECUTE

    STUDIES.append(rules.transform_coding.output.notebook)


if P.studies.deblocking:
    DEBLOCKING = P.studies.deblocking
    # Models of real and of synthetic cells are kept apart.
    DEBLOCKED = f"{RUN}/deblocking/{'cells' if P.cells else 'phantom-cells'}"
    CELL_FILES = sorted(map(str, Path(P.cells, "images").glob("*"))) if P.cells else []

    rule train_deblocking:
        input:
            **source("12_train_deblocking"),
            cells=CELL_FILES,
        output:
            notebook=f"{RUN}/notebooks/12_train_deblocking-{{network}}-{{loss}}-{{trained_on}}-seed{{seed}}.ipynb",
            model=multiext(f"{DEBLOCKED}/{{network}}/{{loss}}/{{trained_on}}/seed{{seed}}/model", ".safetensors", ".json"),
            table=multiext(f"{DEBLOCKED}/{{network}}/{{loss}}/{{trained_on}}/seed{{seed}}/results", ".parquet", ".json"),
        params:
            yaml=lambda w: checked("12_train_deblocking", profile=P.profile, cells=P.cells, network=w.network, loss=w.loss, trained_on=w.trained_on, seed=int(w.seed), **DEBLOCKING.model_dump(include={"qualities", "steps", "batch", "crop", "backbone", "every"}), folder=f"{DEBLOCKED}/{w.network}/{w.loss}/{w.trained_on}/seed{w.seed}"),
        log:
            f"{RUN}/logs/12_train_deblocking-{{network}}-{{loss}}-{{trained_on}}-seed{{seed}}.log",
        benchmark:
            f"{RUN}/benchmarks/12_train_deblocking-{{network}}-{{loss}}-{{trained_on}}-seed{{seed}}.tsv",
        resources:
            **need(training=True),
        wildcard_constraints:
            network=r"[a-z_]+",
            loss=r"[a-z_]+",
            trained_on=r"\d+|random",
        shell:
            EXECUTE

    rule deblocking:
        input:
            **source("13_deblocking"),
            cells=CELL_FILES,
            results=expand(f"{DEBLOCKED}/{{model}}/seed{{seed}}/results.parquet", model=DEBLOCKING.names(), seed=DEBLOCKING.seeds),
        output:
            notebook=f"{RUN}/notebooks/13_deblocking.ipynb",
            tables=multiext(f"{TABLES}/deblocking_summary", ".parquet", ".json") + multiext(f"{TABLES}/deblocking_reach", ".parquet", ".json"),
            figures=multiext(f"{FIGURES}/deblocking_violins", ".png", ".json") + multiext(f"{FIGURES}/deblocking_change", ".png", ".json"),
        params:
            yaml=lambda w, input: checked("13_deblocking", profile=P.profile, cells=P.cells, results=list(input.results), shown=DEBLOCKING.qualities, tables=TABLES, figures=FIGURES),
        log:
            f"{RUN}/logs/13_deblocking.log",
        benchmark:
            f"{RUN}/benchmarks/13_deblocking.tsv",
        resources:
            **need(),
        shell:
            EXECUTE

    STUDIES.append(rules.deblocking.output.notebook)
