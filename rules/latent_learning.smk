# Learning from the CNN-based compressed domain (document 004): one training for each rate point, then the tables and figures.
if P.studies.latent_learning:
    LEARNING = P.studies.latent_learning.model_dump()
    BETAS = LEARNING.pop("betas")

    rule latent_learning_train:
        input:
            **source("14_latent_learning_train"),
            data=rules.data.output,
        output:
            notebook=f"{RUN}/notebooks/14_latent_learning_train-{{point}}.ipynb",
            tables=expand(f"{RUN}/latent_learning/{{{{point}}}}/{{name}}.{{ext}}", name=["learned", "rates", "channels", "networks"], ext=["parquet", "json"]),
        params:
            yaml=lambda w: checked("14_latent_learning_train", **DATA, **LEARNING, rate=w.point, beta=BETAS[w.point], train_every=P.slices.train, test_every=P.slices.test, seed=P.seeds[0], folder=f"{RUN}/latent_learning/{w.point}"),
        log:
            f"{RUN}/logs/14_latent_learning_train-{{point}}.log",
        benchmark:
            f"{RUN}/benchmarks/14_latent_learning_train-{{point}}.tsv",
        resources:
            **need(training=True),
        wildcard_constraints:
            point="|".join(BETAS),
        shell:
            EXECUTE

    rule latent_learning:
        input:
            **source("15_latent_learning"),
            tables=expand(f"{RUN}/latent_learning/{{point}}/{{name}}.parquet", point=BETAS, name=["learned", "rates", "channels", "networks"]),
        output:
            notebook=f"{RUN}/notebooks/15_latent_learning.ipynb",
            tables=expand(f"{TABLES}/{{name}}.{{ext}}", name=["latent_learning", "latent_learning_gains", "latent_learning_networks", "latent_codec", "rate_term"], ext=["parquet", "json"]),
            figures=expand(f"{FIGURES}/{{name}}.{{ext}}", name=["latent_learning_plot", "rate_term_plot"], ext=["png", "json"]),
        params:
            yaml=checked("15_latent_learning", **COMMON, results=expand(f"{RUN}/latent_learning/{{point}}", point=BETAS), tables=TABLES, figures=FIGURES),
        log:
            f"{RUN}/logs/15_latent_learning.log",
        benchmark:
            f"{RUN}/benchmarks/15_latent_learning.tsv",
        resources:
            **need(),
        shell:
            EXECUTE

    STUDIES.append(rules.latent_learning.output.notebook)
