# The study as a graph with one papermill run per job. `make reproduce` calls it; see README.md.
#   snakemake --configfile config/quick.yaml [--config data=PATH dataset=lucchi] --cores 2
# promic_nb/experiment/jobs defines what each rule runs, reads and writes. Snakemake's rules are
# built from that here.
import os
import sys
from functools import wraps
from pathlib import Path

from promic_nb.errors import UserError
from promic_nb.experiment import conditions, jobs
from promic_nb.experiment.choice import named
from promic_nb.runs.status import note_session


def or_one_line(function):
    """The same function, but a user error in it ends the run with one line."""

    @wraps(function)
    def call(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except UserError as error:
            sys.exit(f"promic: {error}")

    return call


# Only part of a run: files in its folder.
ONLY = str(config.pop("only", "") or "").split()
P = or_one_line(named)(config, workflow.configfiles)
RULES = jobs.rules(P)

os.environ.update(conditions.environment(P))  # sidecars record them
# Use the commands of the environment that runs Snakemake, even if it is not activated.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
# By default glibc returns the memory of each training iteration to the system and then faults it in
# again, which takes a sixth of the time.
for name, value in {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**33),
    "MALLOC_TOP_PAD_": str(2**27),
}.items():
    os.environ.setdefault(name, value)

# The papermill command as one shell line; Snakemake quotes every value.
EXECUTE = (
    "papermill --engine promic --log-output --no-progress-bar"
    " {input.notebook:q} {output.notebook:q} -y {params.yaml:q} > {log:q} 2>&1"
)


def of_wildcards(function):
    """Turn a function of keyword arguments into one of Snakemake's wildcards."""
    return lambda wildcards: or_one_line(function)(**dict(wildcards.items()))


def need(rule):
    """Memory (MB) and minutes for a scheduler; a job that hits a limit runs again with more."""
    return {
        "mem_mb": lambda wildcards, attempt: rule.memory_mb * attempt,
        "runtime": lambda wildcards, attempt: rule.minutes * attempt,
    }


# `promic status` and `make reproduce` need to know which Snakemake log belongs to this run, and
# which jobs are planned.
onstart:
    from promic_nb.runs.dry_run import planned  # slow, and of no use if nothing is to be done
    from promic_nb.runs.estimate import expected_s

    todo = [job for job in workflow.dag.needrun_jobs() if job.log]
    plan = {Path(job.log[0]).stem: planned(job.rule.name, job.shellcmd) for job in todo}
    note_session(P.run, *log, jobs=expected_s(P.run, plan))


# These run where the workflow was started: cluster nodes may have no network to download data.
localrules:
    all,
    data,
    report,


rule all:
    input:
        [P.run.path / name for name in ONLY] or P.run.report,


rule data:
    input:
        code=jobs.data_code(P),
    output:
        P.run.data,
    log:
        P.run.log("data"),
    benchmark:
        P.run.benchmark("data")
    params:
        dataset=P.dataset,
        path=P.data,
    resources:
        **need(RULES["dataset"]),
    shell:
        "promic data {params.dataset:q} --path={params.path:q} --write {output:q}"
        " 2>&1 > /dev/null | tee {log:q} >&2"  # a missing folder is reported at once


for rule_name, page in RULES.items():

    rule:
        name:
            rule_name
        input:
            unpack(of_wildcards(page.inputs)),
        output:
            **page.files,
        log:
            page.log,
        benchmark:
            page.benchmark
        params:
            yaml=of_wildcards(page.yaml),
        wildcard_constraints:
            **page.wildcards,
        priority: page.priority
        resources:
            **need(page),
        shell:
            EXECUTE


rule report:
    input:
        pages=[page.files["notebook"] for page in RULES.values() if page.reported],
        code=jobs.report_code(),
    output:
        P.run.report,
    log:
        P.run.log("report"),
    benchmark:
        P.run.benchmark("report")
    params:
        run=P.run.path,
    resources:
        **need(RULES["dataset"]),
    shell:
        "promic report {params.run:q} > {log:q} 2>&1"
