# JPEG AI for reconstruction, super-resolution and recognition (document 001): trainings, then tables and figures.
if P.studies.multitask:
    rule multitask_train:
        input:
            **source("16_multitask_train"),
            weights=weight_files("jpegai_bop_off", [{"beta": P.studies.multitask.beta}]),
        output:
            notebook=f"{RUN}/notebooks/16_multitask_train.ipynb",
            tables=expand(f"{RUN}/multitask/{{name}}.{{ext}}", name=["classification", "cosine", "faces", "parameters", "course"], ext=["parquet", "json"]),
        params:
            yaml=checked("16_multitask_train", **COMMON, **P.studies.multitask.model_dump(), seed=P.seeds[0], folder=f"{RUN}/multitask"),
        log:
            f"{RUN}/logs/16_multitask_train.log",
        benchmark:
            f"{RUN}/benchmarks/16_multitask_train.tsv",
        resources:
            **need(training=True),
        shell:
            EXECUTE

    rule multitask:
        input:
            **source("17_multitask"),
            tables=rules.multitask_train.output.tables,
        output:
            notebook=f"{RUN}/notebooks/17_multitask.ipynb",
            tables=expand(f"{TABLES}/multitask_{{name}}.{{ext}}", name=["classification", "cosine", "faces", "parameters"], ext=["parquet", "json"]),
            figure=multiext(f"{FIGURES}/multitask_course", ".png", ".json"),
        params:
            yaml=checked("17_multitask", **COMMON, results=f"{RUN}/multitask", tables=TABLES, figures=FIGURES),
        log:
            f"{RUN}/logs/17_multitask.log",
        benchmark:
            f"{RUN}/benchmarks/17_multitask.tsv",
        resources:
            **need(),
        shell:
            EXECUTE

    STUDIES.append(rules.multitask.output.notebook)
