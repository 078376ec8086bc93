# Inside the trained models: feature maps of stages 3 and 4 (Figs. 25 and 26), and models on inputs of other rates (section 4.3.1.2).
if P.probes:
    PROBED = P.seeds[0]
    CROSSED = expand(f"{RUN}/cross_rate/{{recipe}}/seed{{seed}}/cross_rate.parquet", recipe=P.probes.cross, seed=P.seeds)
    FROZEN = {**P.training("C", P.probes.rate), "fine_tuning": {"frozen_share": 1.0}}  # stages 3-5 are never released
    FEATURES = f"{RUN}/features/{P.probes.rate}/seed{PROBED}"

    rule frozen_model:
        input:
            **source("07_train_detector"),
            data=rules.data.output,
            signatures=expand(f"{RUN}/latents/{P.probes.rate}/{{split}}/signature.json", split=SPLITS),
            start=f"{RUN}/models/A/{P.probes.rate}/seed{PROBED}/model.safetensors",
        output:
            notebook=f"{RUN}/notebooks/07_train_detector-frozen-{P.probes.rate}-seed{PROBED}.ipynb",
            model=multiext(f"{FEATURES}/frozen/model", ".safetensors", ".json"),
        params:
            yaml=lambda w, input: checked("07_train_detector", **DATA, recipe="C", rate=P.probes.rate, config=P.detector, engine=P.engine, latents=f"{RUN}/latents/{P.probes.rate}", start=input.start, **FROZEN, crop=P.crop, train_every=P.slices.train, test_every=P.slices.test, val_every=P.slices.val or 1, seed=PROBED, folder=f"{FEATURES}/frozen"),
        log:
            f"{RUN}/logs/07_train_detector-frozen-{P.probes.rate}-seed{PROBED}.log",
        resources:
            **need(training=True),
        shell:
            EXECUTE

    rule features:
        input:
            **source("19_features"),
            data=rules.data.output,
            signature=f"{RUN}/latents/{P.probes.rate}/test/signature.json",
            reference=rules.frozen_model.input.start,
            full=f"{RUN}/models/{P.probes.full}/{P.probes.rate}/seed{PROBED}/model.safetensors",
            frozen=f"{FEATURES}/frozen/model.safetensors",
        output:
            notebook=f"{RUN}/notebooks/19_features.ipynb",
            table=multiext(f"{FEATURES}/feature_correlation", ".parquet", ".json"),
            arrays=multiext(f"{FEATURES}/feature_means", ".npz", ".json"),
        params:
            yaml=lambda w, input: checked("19_features", **DATA, rate=P.probes.rate, engine=P.engine, reference=input.reference, full=input.full, frozen=input.frozen, latents=f"{RUN}/latents/{P.probes.rate}", every=P.probes.every, seed=PROBED, folder=FEATURES),
        log:
            f"{RUN}/logs/19_features.log",
        resources:
            **need(),
        shell:
            EXECUTE

    rule cross_rate:
        input:
            **source("20_cross_rate"),
            data=rules.data.output,
            signatures=expand(f"{RUN}/latents/{{rate}}/test/signature.json", rate=P.rates),
            models=expand(f"{RUN}/models/{{{{recipe}}}}/{{rate}}/seed{{{{seed}}}}/model.safetensors", rate=P.rates),
        output:
            notebook=f"{RUN}/notebooks/20_cross_rate-{{recipe}}-seed{{seed}}.ipynb",
            table=multiext(f"{RUN}/cross_rate/{{recipe}}/seed{{seed}}/cross_rate", ".parquet", ".json"),
        params:
            yaml=lambda w, input: checked("20_cross_rate", **DATA, recipe=w.recipe, engine=P.engine, models=dict(zip(P.rates, input.models)), latents={r: f"{RUN}/latents/{r}" for r in P.rates}, every=P.probes.every, seed=int(w.seed), folder=f"{RUN}/cross_rate/{w.recipe}/seed{w.seed}"),
        log:
            f"{RUN}/logs/20_cross_rate-{{recipe}}-seed{{seed}}.log",
        resources:
            **need(),
        shell:
            EXECUTE

    rule probes:
        input:
            **source("21_probes"),
            features=rules.features.output.table + rules.features.output.arrays,
            cross=CROSSED,
        output:
            notebook=f"{RUN}/notebooks/21_probes.ipynb",
            tables=expand(f"{TABLES}/{{name}}.{{ext}}", name=["feature_correlation", "features", "cross_rate"], ext=["parquet", "json"]),
            figures=expand(f"{FIGURES}/{{name}}.{{ext}}", name=["feature_correlation_plot", "feature_means", "cross_rate_plot"], ext=["png", "json"]),
        params:
            yaml=lambda w, input: checked("21_probes", **COMMON, features=FEATURES, cross_rates=list(input.cross), tables=TABLES, figures=FIGURES),
        log:
            f"{RUN}/logs/21_probes.log",
        resources:
            **need(),
        shell:
            EXECUTE

    STUDIES.append(rules.probes.output.notebook)
