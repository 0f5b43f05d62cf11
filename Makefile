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
test: install services clients nova-libs kafka-libs libvirt-libs lint ## Everything: install, services, lint, all tests (what CI runs)
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

.PHONY: libvirt-libs
libvirt-libs: $(VENV)/.libvirt ## libvirt's binding for Python, locked, built into .venv (for tests of guests)

$(VENV)/.libvirt: requirements/libvirt.txt $(READY) | services
	@echo "== libvirt-libs: building libvirt-python into $(VENV)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes --no-deps -r requirements/libvirt.txt
	@touch $@

.PHONY: services
services: ## Make sure that Java 17, Maven, Redis, libvirt and QEMU are there (installs Debian's packages when root)
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
chaos: $(READY) $(FETCHED) ## Real processes on a real Kafka and Redis while everything is killed; ARGS="--seeds 1-20 --parallel 2", "--agents"
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

.PHONY: ceph-check
ceph-check: $(READY) ## The storage fence against a real Ceph: a monitor and an OSD in memory (6 min, root); ARGS="-k locks"
	@tools/ensure-services ceph
	$(BIN)/python -m pytest -q tests/ceph/check_storage.py $(ARGS)

.PHONY: report-look
report-look: $(READY) ## The incident report in a real Chromium: content, console, keyboard, and its pictures for docs/pictures (20 s)
	@tools/ensure-services browser
	$(BIN)/python -m pytest -q tests/browser/check_report.py $(ARGS)

.PHONY: tour
tour: $(READY) ## status, doctor, explain, incident report, whatif, record and replay on the demo, held to what they should say: writes docs/operators/tour.md (2 min)
	@tools/ensure-services browser
	$(BIN)/python -m pytest -q tests/browser/check_tour.py $(ARGS)

.PHONY: dashboards-types
dashboards-types: ## The dashboards' JSON against Grafana's own types, by TypeScript's compiler (10 s; npm)
	@$(PYTHON) tools/check_dashboard_types.py

.PHONY: dashboards-look
dashboards-look: $(READY) .venv-looks/.ready ## Previews of the dashboards from simulated outages, and their pictures for docs/pictures (5 min); ARGS=--keep
	@tools/ensure-services browser
	$(BIN)/python -m tests.looks --plotly .venv-looks $(ARGS)

.venv-looks/.ready: requirements/looks.txt
	@echo "== looks: plotly into .venv-looks, for previews of the dashboards"
	@test -x .venv-looks/bin/python || $(PYTHON) -m venv .venv-looks
	.venv-looks/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps -r requirements/looks.txt
	@touch $@

.PHONY: bench
bench: $(READY) $(FETCHED) ## The figures of architecture.md section 7 on this machine, one table; ARGS="--only latency"
	$(BIN)/python -m bench $(ARGS)

.PHONY: sim
sim: $(READY) ## The scenarios in virtual time; ARGS="NAME ..." chooses some
	$(BIN)/kasugai sim run $(ARGS)

.PHONY: scenarios
scenarios: $(READY) ## Every scenario in all its variants, each death at each place (30 min), and the mutants that prove that they bite
	KASUGAI_EVERY_DEATH=1 $(BIN)/python -m pytest -q -n $(WORKERS) tests/test_scenarios.py
	$(BIN)/python -m pytest -q -s tests/test_mutants.py | grep -E "mutant '|passed|failed"

.PHONY: scenarios-rewrite
scenarios-rewrite: $(READY) ## Rewrite the scenarios' logs by what happens now; ARGS="NAME ..." chooses some: read the diff
	$(BIN)/python tools/rewrite_scenarios.py $(ARGS)

.PHONY: fuzz
fuzz: $(READY) ## Records of all kinds, well-formed and spoiled, against all shells in virtual time (1 min); ARGS="--minutes 20", ARGS=--real, ARGS=--stories: drawn troubles held to every invariant
	$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: coverage
coverage: $(READY) ## Branch coverage of the tests that need no service; less than 100 % of core/ fails
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not integration and not chaos" --cov --cov-report=term
	$(BIN)/python -m coverage report --include='core/*' --fail-under=100

.PHONY: fmt
fmt: $(READY) ## Format, and repair what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

UV := .venv-tools/bin/uv pip compile --quiet

.PHONY: lock
lock: .venv-tools/.ready ## Write requirements/*.txt anew from pyproject.toml (UPGRADE=1 takes the newest versions)
	$(UV) $(LOCK_FLAGS) --extra services --extra bridge pyproject.toml -o requirements/run.txt
	$(UV) $(LOCK_FLAGS) --extra agent pyproject.toml -o requirements/agent.txt
	$(UV) $(LOCK_FLAGS) --extra services --extra bridge --extra agent --extra demo --extra import --group dev pyproject.toml -o requirements/dev.txt
	$(UV) $(LOCK_FLAGS) --override requirements/clients-overrides.txt requirements/clients.in -o requirements/clients.txt
	$(UV) $(LOCK_FLAGS) requirements/acceptance.in -o requirements/acceptance.txt
	$(UV) $(LOCK_FLAGS) --override requirements/nova-overrides.txt requirements/nova.in -o requirements/nova.txt
	$(UV) $(LOCK_FLAGS) requirements/libvirt.in -o requirements/libvirt.txt
	$(UV) $(LOCK_FLAGS) requirements/looks.in -o requirements/looks.txt
	$(UV) $(LOCK_FLAGS) requirements/build.in -o requirements/build.txt
	$(UV) $(LOCK_FLAGS) requirements/tools.in -o requirements/tools.txt

.PHONY: audit
audit: .venv-tools/.ready ## Known advisories about all that is locked (exit 1: some, 3: nobody could be asked); ARGS="requirements/run.txt"
	@.venv-tools/bin/python tools/audit.py $(ARGS)

.PHONY: sbom
sbom: .venv-tools/.ready ## What the services run on, by the lock, as CycloneDX: dist/kasugai.cdx.json
	@mkdir -p dist
	.venv-tools/bin/python -W ignore -m cyclonedx_py requirements --output-reproducible --pyproject pyproject.toml --of JSON -o dist/kasugai.cdx.json requirements/run.txt

.venv-tools/.ready: requirements/tools.txt
	@echo "== tools: uv, pip-audit and cyclonedx-bom into .venv-tools"
	@test -x .venv-tools/bin/python || $(PYTHON) -m venv .venv-tools
	.venv-tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/tools.txt
	@touch $@

LOCK_FLAGS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(if $(UPGRADE),--upgrade)

.PHONY: clean
clean: ## Remove what was built (the environment and fetched jars too)
	rm -rf $(VENV) .venv-clients .venv-acceptance .venv-looks .venv-nova .venv-tools .cache dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
