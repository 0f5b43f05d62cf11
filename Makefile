# Everything a developer or CI types. `make help` lists it; CI runs `make test` and nothing else.

PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
READY   := $(VENV)/.ready
WORKERS ?= auto
POM     := deploy/kafka/pom.xml
JARS    := .cache/kafka/libs
FETCHED := $(JARS)/.$(shell sha256sum $(POM) | cut -c1-12)

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | while IFS=$$'\t' read -r name text; do printf '  %-18s %s\n' "$$name" "$$text"; done

.PHONY: install
install: $(READY) ## Create .venv with the locked dependencies and Kasugai itself (editable)

$(READY): requirements/dev.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: install Python 3.11 or newer, or say make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Kasugai needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V): say make PYTHON=/path/to/newer/python" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: apt-get install python3-venv" >&2; exit 1; }
	@echo "== install: $$($(PYTHON) -V) into $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check --quiet --disable-pip-version-check
	@touch $@

.PHONY: lint
lint: $(READY) ## ruff, mypy strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: unit
unit: $(READY) ## Tests that need no service
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not integration and not chaos"

.PHONY: test
test: install services clients nova-libs kafka-libs lint ## Everything: install, services, lint, all tests (what CI runs)
	@tools/run-tests $(BIN)/python $(WORKERS)

.PHONY: clients
clients: .venv-clients/.ready ## Masakari's own clients, locked, in an environment of their own (for tests)

.venv-clients/.ready: requirements/clients.txt
	@echo "== clients: OpenStack's command line, Masakari's client and monitors into .venv-clients"
	@test -x .venv-clients/bin/python || $(PYTHON) -m venv .venv-clients
	.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/clients.txt
	@touch $@

.PHONY: nova-libs
nova-libs: .venv-nova/.ready ## Nova's and Placement's own code with its fixtures, locked, in an environment of its own (for tests)

.venv-nova/.ready: requirements/nova.txt
	@echo "== nova-libs: Nova and Placement into .venv-nova"
	@test -x .venv-nova/bin/python || $(PYTHON) -m venv .venv-nova
	.venv-nova/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps -r requirements/nova.txt
	@touch $@

.PHONY: services
services: ## Make sure that Java 17, Maven and Redis are there (installs Debian's packages when root)
	@tools/ensure-services

.PHONY: kafka-libs
kafka-libs: $(FETCHED) ## Fetch the jars of the tests' Kafka into .cache/kafka/libs, once per pom

$(FETCHED): | services
	@echo "== kafka-libs: fetching $(POM)"
	@rm -rf $(JARS) $(JARS).part
	mvn -q -B -f $(POM) dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/$(JARS).part
	@touch $(JARS).part/$(notdir $@)
	@mv $(JARS).part $(JARS)

.PHONY: trial-services
trial-services: $(READY) kafka-libs ## A Kafka and a Redis to try Kasugai on, until Ctrl-C (docs/operators/install.md)
	@$(BIN)/python -m tests.support.trial

.PHONY: demo
demo: $(READY) ## The product on this machine in one go: embedded Kafka and Redis, a simulated cloud, one outage
	$(BIN)/kasugai demo $(ARGS)

.PHONY: chaos
chaos: $(READY) $(FETCHED) ## Real processes on a real Kafka and Redis while everything is killed; ARGS="--seeds 1-20 --parallel 2"
	$(BIN)/python -m tests.chaos $(ARGS)

.PHONY: acceptance
acceptance: $(READY) kafka-libs .venv-acceptance/.ready ## Against a real Keystone, Placement and Nova (15 min); ARGS="--only pipeline", "--bench", "--keep"
	@tools/ensure-services acceptance
	@$(BIN)/python -m acceptance $(ARGS)

.venv-acceptance/.ready: requirements/acceptance.txt
	@echo "== acceptance: Keystone, Placement, Nova and Masakari into .venv-acceptance (500 MB, 3 min)"
	@test -x .venv-acceptance/bin/python || $(PYTHON) -m venv .venv-acceptance
	.venv-acceptance/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/acceptance.txt
	@touch $@

.PHONY: bench
bench: $(READY) $(FETCHED) ## The figures of architecture.md section 7 on this machine, one table; ARGS="--only latency"
	$(BIN)/python -m bench $(ARGS)

.PHONY: sim
sim: $(READY) ## The scenarios in virtual time; ARGS="NAME ..." chooses some
	$(BIN)/kasugai sim run $(ARGS)

.PHONY: scenarios
scenarios: $(READY) ## Every scenario in all its variants, and the mutants that prove that they bite
	$(BIN)/python -m pytest -q -n $(WORKERS) tests/test_scenarios.py
	$(BIN)/python -m pytest -q -s tests/test_mutants.py | grep -E "mutant '|passed|failed"

.PHONY: scenarios-rewrite
scenarios-rewrite: $(READY) ## Rewrite the scenarios' logs by what happens now; ARGS="NAME ..." chooses some: read the diff
	$(BIN)/python tools/rewrite_scenarios.py $(ARGS)

.PHONY: coverage
coverage: $(READY) ## Branch coverage of the tests that need no service; less than 100 % of core/ fails
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not integration and not chaos" --cov --cov-report=term
	$(BIN)/python -m coverage report --include='core/*' --fail-under=100

.PHONY: fmt
fmt: $(READY) ## Format, and repair what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lock
lock: $(READY) ## Write requirements/*.txt anew from pyproject.toml (UPGRADE=1 takes the newest versions)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13'
	$(BIN)/uv pip compile --quiet $(LOCK_FLAGS) pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet $(LOCK_FLAGS) --extra demo --extra import --group dev pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet $(LOCK_FLAGS) --override requirements/clients-overrides.txt requirements/clients.in -o requirements/clients.txt
	$(BIN)/uv pip compile --quiet $(LOCK_FLAGS) requirements/acceptance.in -o requirements/acceptance.txt
	$(BIN)/uv pip compile --quiet $(LOCK_FLAGS) --override requirements/nova-overrides.txt requirements/nova.in -o requirements/nova.txt

LOCK_FLAGS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(if $(UPGRADE),--upgrade)

.PHONY: clean
clean: ## Remove what was built (the environment and fetched jars too)
	rm -rf $(VENV) .venv-clients .venv-acceptance .venv-nova .cache dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
