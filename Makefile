# Two commands: `make reproduce` and `make test`. `make help` lists the rest.
PROFILE ?= quick
DATA ?=
CELLS ?=
SETTINGS ?=
# A part of a run: files of its folder, e.g. ONLY="notebooks/08_detection.ipynb notebooks/21_probes.ipynb".
ONLY ?=
# The profile's own data set, where it names one and no DATA is given; else the phantom.
DATASET ?= $(if $(DATA),lucchi,$(or $(shell sed -n 's/^dataset: *//p' config/$(PROFILE).yaml 2>/dev/null),phantom))
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
# Snakemake profiles of a cluster, e.g. config/slurm; see docs/reliability.md
CLUSTER ?=
BIN := .venv/bin
# With flock, a lock that dies with its process guards the folder, and Snakemake's own, which a kill leaves behind, is not needed.
# It waits for a moment: the processes of a run that was just killed need one to be gone.
FLOCK := $(shell command -v flock)
GUARD = $(if $(FLOCK),$(FLOCK) --wait 5 --conflict-exit-code 75 data/.lock)
SNAKEMAKE = $(BIN)/snakemake --configfile config/$(PROFILE).yaml $(SETTINGS) --config data='$(DATA)' dataset='$(DATASET)' cells='$(CELLS)' \
            $(if $(CLUSTER),$(addprefix --profile ,$(CLUSTER)),--cores $(CORES)) --rerun-incomplete --show-failed-logs $(addprefix data/runs/$(PROFILE)/$(DATASET)/,$(ONLY))

.PHONY: help install reproduce plan test lint lab clean
.DEFAULT_GOAL := help

help: ## List these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

install: .venv/.installed ## Create .venv from requirements.lock (about 6.5 GB)

.venv/.installed: requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] && "$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
	  { echo "promic: Python 3.11 or 3.12 is needed. Install it, then name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@[ -x $(BIN)/python ] || "$(PYTHON)" -m venv .venv || \
	  { echo "promic: no virtual environment could be made. On Debian or Ubuntu: apt install python3.11-venv"; exit 1; }
	@echo "promic: installing from requirements.lock into .venv; the first time takes some minutes"
	@$(BIN)/pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --disable-pip-version-check --quiet --no-build-isolation --no-deps -e .
	@touch $@

reproduce: .venv/.installed ## Run PROFILE (quick) on DATA=PATH, or on the phantom; end with verdicts and the report's path
	@[ -f config/$(PROFILE).yaml ] || { echo "promic: profile '$(PROFILE)' is unknown. Choose one of: $(basename $(notdir $(wildcard config/*.yaml)))"; exit 1; }
	@[ -z "$(SETTINGS)" ] || [ -f "$(SETTINGS)" ] || { echo "promic: settings $(SETTINGS) do not exist. Name a YAML file that replaces keys of the profile"; exit 1; }
	@[ -z "$(DATA)" ] || [ -d "$(DATA)" ] || { echo "promic: data folder $(DATA) does not exist. See data/README.md for its layout"; exit 1; }
	@[ -z "$(CELLS)" ] || [ -d "$(CELLS)/images" ] || { echo "promic: cell images $(CELLS)/images do not exist. See data/README.md"; exit 1; }
	@$(GUARD) $(SNAKEMAKE) $(if $(FLOCK),--nolock) || { code=$$?; \
	  [ $$code -ne 75 ] || echo "promic: another make reproduce is running in this folder. Wait for it to end"; exit $$code; }
	@$(BIN)/promic verdicts --run $(PROFILE)/$(DATASET)

plan: .venv/.installed ## Print the jobs that `make reproduce` would run, and about how many hours and how much disk they take
	@$(BIN)/promic plan $(PROFILE) --data '$(DATA)' --dataset '$(DATASET)' --cells '$(CELLS)' --settings '$(SETTINGS)'

test: .venv/.installed ## Run the tests, in up to four processes (about a quarter of an hour on two cores)
	@$(BIN)/pytest --numprocesses $(CORES) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: .venv/.installed ## Check style, the direction of imports, and that notebooks are stored clean
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/python -m promic_nb.notebook.stored notebooks/*.ipynb

lab: .venv/.installed ## Open the notebooks in JupyterLab
	@$(BIN)/jupyter lab notebooks

clean: ## Remove runs and their figures; data, weights and published figures stay
	rm -rf data/runs figures/*/
