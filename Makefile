# Two commands: `make reproduce` and `make test`. `make help` lists the rest.
PROFILE ?= quick
DATA ?=
CELLS ?=
SETTINGS ?=
# Only part of a run: files in its folder, e.g. ONLY="notebooks/08_detection.ipynb report.html".
ONLY ?=
# Without DATASET: the name of DATA's stack.yaml, or lucchi; without DATA, the profile's own data
# set, or the phantom.
DATASET ?=
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
# Snakemake profiles for a cluster, e.g. config/slurm; see docs/reliability.md
CLUSTER ?=
BIN := .venv/bin
PLACE = $(if $(CLUSTER),$(addprefix --profile ,$(CLUSTER)),--cores $(CORES))
CHOICE = $(PROFILE) --data '$(DATA)' --dataset '$(DATASET)' --cells '$(CELLS)' \
  --settings '$(SETTINGS)'
# `make --keep-going reproduce` runs what does not need a failed job.
KEEP_GOING = $(if $(findstring k,$(filter-out --%,$(firstword $(MAKEFLAGS)))),--keep-going)
# Test files are distributed over up to four processes.
PYTEST = $(BIN)/pytest --numprocesses $(CORES) --maxprocesses 4 --dist loadfile \
  --no-loadscope-reorder

.PHONY: help install reproduce plan figures test test-slow lint lab clean
.DEFAULT_GOAL := help

help: ## List these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

install: .venv/.installed ## Create .venv from requirements.lock (about 6.5 GB)

FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))

.venv/.installed: requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] && "$(PYTHON)" -c '$(FITS)' || { \
	  echo "promic: Python 3.11 or 3.12 is needed." \
	  "Install it, then run: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@[ -x $(BIN)/python ] || "$(PYTHON)" -m venv .venv || { \
	  echo "promic: the virtual environment could not be created." \
	  "On Debian or Ubuntu: apt install python3.11-venv"; exit 1; }
	@echo "promic: installing from requirements.lock into .venv; the first time takes a few minutes"
	@$(BIN)/pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --disable-pip-version-check --quiet --no-build-isolation --no-deps -e .
	@touch $@

reproduce: .venv/.installed ## Run PROFILE (quick) on DATA=PATH or the phantom; print verdicts
	@$(BIN)/promic reproduce $(CHOICE) --only '$(ONLY)' $(KEEP_GOING) -- $(PLACE)

plan: .venv/.installed ## Print the jobs that `make reproduce` would run, and their hours and disk
	@$(BIN)/promic plan $(CHOICE)

figures: .venv/.installed ## Redraw all published figures, tables and verdicts from figures/*.parquet
	@$(BIN)/promic figures

test: .venv/.installed ## Run all tests except the slow ones (under six minutes on two cores)
	@$(PYTEST) -m "not slow"

test-slow: .venv/.installed ## Run the slow tests: whole runs, kills, trainings
	@$(PYTEST) -m slow

lint: .venv/.installed ## Check style, types, the direction of imports, and stored notebooks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m promic_nb.notebook.stored notebooks/*.ipynb

lab: .venv/.installed ## Open the notebooks in JupyterLab
	@$(BIN)/jupyter lab notebooks

clean: ## Remove runs and their figures; keep data, weights and published figures
	rm -rf data/runs figures/*/
