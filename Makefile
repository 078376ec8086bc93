# Two commands: `make reproduce` and `make test`. `make help` lists the rest.
PROFILE ?= quick
DATA ?=
CELLS ?=
SETTINGS ?=
# Only part of a run: files in its folder, e.g. ONLY="notebooks/08_detection.ipynb report.html".
ONLY ?=
# The name in the stack.yaml of DATA, if it is an own stack (docs/own-stack.md).
OWN_STACK = $(shell sed -n 's/^name: *//p' '$(DATA)/stack.yaml' 2>/dev/null)
# Without DATA: the profile's own data set if it names one, otherwise the phantom.
OWN = $(shell sed -n 's/^dataset: *//p' config/$(PROFILE).yaml 2>/dev/null)
DATASET ?= $(if $(DATA),$(or $(OWN_STACK),lucchi),$(or $(OWN),phantom))
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
# Snakemake profiles for a cluster, e.g. config/slurm; see docs/reliability.md
CLUSTER ?=
BIN := .venv/bin
# If flock exists, it guards the folder with a lock that ends with its process. Snakemake's own
# lock, which survives a kill, is then not needed. flock waits a few seconds, because the processes
# of a run that was just killed take a moment to end.
FLOCK := $(shell command -v flock)
GUARD = $(if $(FLOCK),$(FLOCK) --wait 5 --conflict-exit-code 75 data/.lock)
PLACE = $(if $(CLUSTER),$(addprefix --profile ,$(CLUSTER)),--cores $(CORES))
SNAKEMAKE = $(BIN)/snakemake --configfile config/$(PROFILE).yaml $(SETTINGS) \
  --config data='$(DATA)' dataset='$(DATASET)' cells='$(CELLS)' \
  $(PLACE) --rerun-incomplete --show-failed-logs \
  $(addprefix data/runs/$(PROFILE)/$(DATASET)/,$(ONLY))
# Test files are distributed over up to four processes.
PYTEST = $(BIN)/pytest --numprocesses $(CORES) --maxprocesses 4 --dist loadfile \
  --no-loadscope-reorder

.PHONY: help install reproduce plan test test-slow lint lab clean
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

# $(call need,TEST,WHAT): stop with the line WHAT unless the shell's TEST is true.
need = [ $(1) ] || { echo "promic: $(2)"; exit 1; }
PROFILES = $(basename $(notdir $(wildcard config/*.yaml)))
NO_CELLS = cell images $(CELLS)/images do not exist. See data/README.md
NO_DATA = data folder $(DATA) does not exist. See data/README.md for its layout
RUNNING = another make reproduce is running in this folder. Wait until it ends
NO_SETTINGS = settings $(SETTINGS) do not exist. Give a YAML file that replaces keys of the profile

reproduce: .venv/.installed ## Run PROFILE (quick) on DATA=PATH or the phantom; print verdicts
	@$(call need,-f config/$(PROFILE).yaml,profile '$(PROFILE)' is unknown. Choose one of: $(PROFILES))
	@$(call need,-z "$(SETTINGS)" ] || [ -f "$(SETTINGS)",$(NO_SETTINGS))
	@$(call need,-z "$(DATA)" ] || [ -d "$(DATA)",$(NO_DATA))
	@$(call need,-z "$(CELLS)" ] || [ -d "$(CELLS)/images",$(NO_CELLS))
	@$(GUARD) $(SNAKEMAKE) $(if $(FLOCK),--nolock) || { code=$$?; \
	  [ $$code -ne 75 ] || echo "promic: $(RUNNING)"; exit $$code; }
	@$(BIN)/promic verdicts --run $(PROFILE)/$(DATASET)

plan: .venv/.installed ## Print the jobs that `make reproduce` would run, and their hours and disk
	@$(BIN)/promic plan $(PROFILE) --data '$(DATA)' --dataset '$(DATASET)' --cells '$(CELLS)' \
	  --settings '$(SETTINGS)'

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
