# Variants of ProMIC beyond the dissertation (docs/extensions.md): the same notebooks with other parameters, then tables and figures.
if P.extensions:
    VARIANTS = P.extensions.variants()
    HIGHEST = list(P.rates)[-1]  # one model of all rates starts from A, and is guided by A, of this one: nearest to the originals

    def of_all_rates(variant):
        return "rate_input" in VARIANTS[variant]

    def variant_models(variant):
        rate = "all" if of_all_rates(variant) else P.extensions.rate
        recipes = ["A", "ProMIC"] if variant == "masks" else ["ProMIC"]
        return expand(f"{RUN}/extensions/{variant}/{{recipe}}/{rate}/seed{{seed}}", recipe=recipes, seed=P.seeds)

    def variant_latents(w):
        """Where a variant's latents are: parameters `rate`, `latents` and `rates`."""
        rates = {r: f"{RUN}/latents/{r}" for r in P.rates} if w.rate == "all" else {}
        return {"rate": w.rate, "latents": "" if rates else f"{RUN}/latents/{w.rate}", "rates": rates}

    def channel_parameters(w, input):
        chosen = {k: v for k, v in VARIANTS[w.variant].items() if k in ("channels", "channel_choice", "rate_input")}
        return {**chosen, "importance_of": input.get("ranked", "")}

    def variant_needs(w):
        """Signatures, the model before, and the translator on all channels where it ranks them."""
        here = {"signatures": expand(f"{RUN}/latents/{{rate}}/{{split}}/signature.json", rate=P.rates if w.rate == "all" else w.rate, split=SPLITS)}
        start = f"original/pixels" if w.get("recipe") == "A" else f"A/{HIGHEST if w.rate == 'all' else w.rate}"
        here["start"] = f"{RUN}/models/{start}/seed{w.seed}/model.safetensors"
        if VARIANTS[w.variant].get("channel_choice") == "importance":
            here["ranked"] = f"{RUN}/models/translator-lrb/{w.rate}/seed{w.seed}/model.safetensors"
        return here

    def variant_translator(w):
        """Its own where the translator itself varies, else the study's."""
        own = "channels" in VARIANTS[w.variant] or of_all_rates(w.variant)
        folder = f"extensions/{w.variant}" if own else "models"
        return f"{RUN}/{folder}/translator-lrb/{w.rate}/seed{w.seed}/model.safetensors"

    wildcard_constraints:
        variant="|".join(VARIANTS),

    rule extension_translator:
        input:
            unpack(variant_needs),
            **source("06_guided_translator"),
        output:
            notebook=f"{RUN}/notebooks/06_guided_translator-{{variant}}-{{rate}}-seed{{seed}}.ipynb",
            model=multiext(f"{RUN}/extensions/{{variant}}/translator-lrb/{{rate}}/seed{{seed}}/model", ".safetensors", ".json"),
        params:
            yaml=lambda w, input: checked("06_guided_translator", **DATA, **variant_latents(w), lrb=True, engine=P.engine, teacher=input.start, **channel_parameters(w, input), **P.guided.model_dump(), seed=int(w.seed), folder=f"{RUN}/extensions/{w.variant}/translator-lrb/{w.rate}/seed{w.seed}"),
        log:
            f"{RUN}/logs/06_guided_translator-{{variant}}-{{rate}}-seed{{seed}}.log",
        wildcard_constraints:
            rate="|".join([*P.rates, "all"]),
        benchmark:
            f"{RUN}/benchmarks/06_guided_translator-{{variant}}-{{rate}}-seed{{seed}}.tsv",
        resources:
            **need(training=True),
        shell:
            EXECUTE

    rule extension_model:
        input:
            unpack(variant_needs),
            **source("07_train_detector"),
            data=rules.data.output,
            translator=lambda w: variant_translator(w) if w.recipe == "ProMIC" else [],
        output:
            notebook=f"{RUN}/notebooks/07_train_detector-{{variant}}-{{recipe}}-{{rate}}-seed{{seed}}.ipynb",
            model=multiext(f"{RUN}/extensions/{{variant}}/{{recipe}}/{{rate}}/seed{{seed}}/model", ".safetensors", ".json"),
            table=multiext(f"{RUN}/extensions/{{variant}}/{{recipe}}/{{rate}}/seed{{seed}}/ap", ".parquet", ".json"),
        params:
            yaml=lambda w, input: checked("07_train_detector", **DATA, **variant_latents(w), recipe=w.recipe, config=P.detector, engine=P.engine, start=input.start, translator=input.translator or "", **VARIANTS[w.variant], importance_of=input.get("ranked", ""), **getattr(P, RECIPES[w.recipe].inputs).model_dump(), crop=P.crop, train_every=P.slices.train, test_every=P.slices.test, val_every=P.slices.val or 1, seed=int(w.seed), folder=f"{RUN}/extensions/{w.variant}/{w.recipe}/{w.rate}/seed{w.seed}", figures=FIGURES),
        log:
            f"{RUN}/logs/07_train_detector-{{variant}}-{{recipe}}-{{rate}}-seed{{seed}}.log",
        wildcard_constraints:
            rate="|".join([*P.rates, "all"]),
        benchmark:
            f"{RUN}/benchmarks/07_train_detector-{{variant}}-{{recipe}}-{{rate}}-seed{{seed}}.tsv",
        resources:
            **need(training=True),
        shell:
            EXECUTE

    rule extensions:
        input:
            **source("18_extensions"),
            variants=[f"{m}/ap.parquet" for v in VARIANTS for m in variant_models(v)],
            plain=expand(f"{RUN}/models/{{recipe}}/{{rate}}/seed{{seed}}/ap.parquet", recipe=["A", "ProMIC"], rate=P.rates if P.extensions.one_model else P.extensions.rate, seed=P.seeds),
        output:
            notebook=f"{RUN}/notebooks/18_extensions.ipynb",
            table=multiext(f"{TABLES}/extensions", ".parquet", ".json"),
        params:
            yaml=lambda w, input: checked("18_extensions", **COMMON, results=[*input.plain, *input.variants], rate=P.extensions.rate, config=P.detector, tables=TABLES, figures=FIGURES),
        log:
            f"{RUN}/logs/18_extensions.log",
        benchmark:
            f"{RUN}/benchmarks/18_extensions.tsv",
        resources:
            **need(),
        shell:
            EXECUTE

    STUDIES.append(rules.extensions.output.notebook)
