# Every habit of the project in one place: `make help` lists them. They need git, make and Python 3.11 to 3.13.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# DVC's own scripts name an interpreter by its path; `python -m` also works where that path has spaces
DVC := python -m dvc
# of tests: on two cores, three take 0.9 of the time of two
WORKERS ?= 3
INSTALL := python -m pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: repro test fast lint hooks schema requirements help

repro: .venv/ready  ## rebuild what changed (the default target)
	$(DVC) repro

test: .venv/ready-for-tests  ## the whole test suite, a file of it in each of WORKERS processes
	python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

fast: .venv/ready-for-tests  ## the tests that take seconds
	python -m pytest -m "not slow"

lint: .venv/ready-for-tests  ## style, format and types
	ruff check . && ruff format --check . && python -m mypy

hooks: .venv/ready-for-tests  ## check style, format and types at each commit; after `dvc install`, if at all
	pre-commit install

schema: .venv/ready  ## write the JSON schema of params.yaml
	python -m assay.schema > params.schema.json

.venv/ready: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11 to 3.13 is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(INSTALL) -r requirements.txt
	touch $@

.venv/ready-for-tests: .venv/ready tests/requirements.txt
	$(INSTALL) -r tests/requirements.txt
	touch $@

requirements:  ## compile the pinned requirements; needs uv
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements.txt requirements.in
	cd .ci && uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements.txt requirements.in
	cd tests && uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -o requirements.txt requirements.in

help:  ## print this list
	@sed -n 's/^\([a-z]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14
