# Needs python3 >= 3.10, git, make and the Python package index. Everything else goes into .venv.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
# Anew whenever a pin changes.
READY := $(VENV)/.ready
# The peers, and the old libraries of the migration guides.
BENCHMARKS := build/benchmarks
BENCH_READY := $(BENCHMARKS)/venv/.ready

COMPILE := uv pip compile --universal --python-version 3.10 --upgrade --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-header --no-strip-extras --quiet --output-file

.PHONY: demo test nightly integration-alerts integration-compose integration-hec integration-syslog
.PHONY: integration-opensearch integration-elasticsearch
.PHONY: benchmark benchmark-quick benchmark-gate benchmark-outage benchmark-page benchmark-requirements
.PHONY: matrix matrix-diagonal
.PHONY: release tags update-matrix
.PHONY: docs examples reference requirements hosts-requirements format clean

# Three plugins deliver to receivers that fail; PLATFORM=splunk_hec runs one of them.
demo: $(READY)
	$(BIN)/python demo/run.py

test: $(READY)
	$(BIN)/python -m pytest -m "not nightly and not integration"

nightly: $(READY) $(BENCH_READY)
	$(BIN)/python -m pytest -m "not integration"
	$(MAKE) benchmark-gate

# Needs Go, which fetches and builds an OpenTelemetry Collector with Splunk's HEC receiver: 2 minutes, once.
integration-hec: $(READY)
	$(BIN)/python -m pytest -n 0 -s tests/integration/test_hec.py

# Needs rsyslog with RELP and TLS, which the system's package manager has: the tests say what to install.
integration-syslog: $(READY)
	$(BIN)/python -m pytest -n 0 -s tests/integration/test_rsyslog.py tests/integration/test_foreign_readers.py \
	  tests/integration/test_relay.py

# The alert rules of projects in Prometheus' own promtool: needs Go, which fetches and builds it: 5 minutes, once.
integration-alerts: $(READY)
	$(BIN)/python -m pytest -n 0 -s tests/integration/test_alerts.py

# The compose files and settings of projects in Docker Compose: the plugin of Docker, else Go builds it: 5 minutes, once.
# Needs no daemon.
integration-compose: $(READY)
	$(BIN)/python -m pytest -n 0 -s tests/integration/test_compose.py

# Real servers on loopback: fetched with Maven, checked, kept in a cache; Java 17 to 21 is needed.
integration-opensearch integration-elasticsearch: $(READY)
	$(BIN)/python -m pytest --numprocesses=0 -s -v tests/integration/test_$(@:integration-%=%).py

# Throughput, memory and latency beside the peers, which live in an environment of their own. `benchmark` takes
# about 20 minutes and writes docs/benchmarks/; `-quick` a few, and writes below build/; `-gate` compares ratios
# only, and is what the nightly job runs; `-outage` takes its 12 minutes by the clock.
BENCH := $(BENCHMARKS)/venv/$(notdir $(BIN))/python -m benchmarks

benchmark: $(READY) $(BENCH_READY)
	$(BIN)/python -m benchmarks.projects $(BENCHMARKS)/projects
	$(BENCH) full

benchmark-quick benchmark-gate benchmark-outage: $(READY) $(BENCH_READY)
	$(BIN)/python -m benchmarks.projects $(BENCHMARKS)/projects
	$(BENCH) $(@:benchmark-%=%)

# The page and the plots anew, from the results that are there.
benchmark-page: $(BENCH_READY)
	$(BENCH) page

benchmark-requirements:
	$(COMPILE) benchmarks/requirements.txt benchmarks/requirements.in

# What the programs of docs/how-to/shutdown.md run in, under `make nightly`; build/shutdown/ has it.
hosts-requirements:
	$(COMPILE) tests/hosts/requirements.txt tests/hosts/requirements.in

$(BENCH_READY): benchmarks/requirements.txt
	@$(PYTHON) -m venv --clear $(BENCHMARKS)/venv
	@$(dir $@)$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  --requirement benchmarks/requirements.txt
	@touch $@

# The conformance suite on every supported fapilog and Python, and with the lowest dependencies; writes
# docs/reference/compatibility.json. About 20 minutes on two quiet cores; the first time also makes environments
# in build/matrix/. The diagonal, a part of it, writes nothing.
matrix: $(READY)
	$(BIN)/python -m scripts.matrix --newest
	$(BIN)/python -m scripts.matrix_page

matrix-diagonal: $(READY)
	$(BIN)/python -m scripts.matrix --diagonal

# The documentation site, in build/site; strict: a broken link is an error (but not with --quiet, which hides warnings from it, too). Needs no network.
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --clean

# Render examples/ anew, after a change of the template. They hold the hashes of its files.
examples: $(READY)
	$(BIN)/python -m scripts.ownership
	$(BIN)/python -m scripts.render_examples

# Write anew what is made from code, tests and tables: docs/reference/, sizes, pictures, deploy/, answers, who
# owns what.
reference: $(READY)
	$(BIN)/python -m scripts.faults
	$(BIN)/python -m scripts.elasticsearch_files
	$(BIN)/python -m scripts.site_reference
	$(BIN)/python -m scripts.matrix_page
	$(BIN)/python -m scripts.sizing
	$(BIN)/python -m scripts.pictures
	$(BIN)/python -m scripts.ownership

# Check this state and make its annotated tag: make release VERSION=1.2.3. docs/releasing.md says the rest.
release: $(READY)
	$(BIN)/python -m scripts.releases release $(VERSION)

# Make the annotated tags of releases.yaml that this clone lacks.
tags: $(READY)
	$(BIN)/python -m scripts.releases tags

# Update from each recorded release, on each platform, in each scenario: 5 minutes. Writes
# docs/reference/updates.md, with what it took.
update-matrix: $(READY)
	$(BIN)/python -m scripts.update_matrix

format: $(READY)
	$(BIN)/ruff check --fix --exit-zero --quiet benchmarks demo docs/upstream scripts tests
	$(BIN)/ruff format benchmarks demo docs/upstream scripts tests

# Raise the pins. `uv` is not among them: pip install uv. Extras stay in the pins: pip before 23.3 does
# not see that `coverage==1` pins the `coverage[toml]` that something else asks for.
requirements:
	$(COMPILE) requirements.txt requirements.in

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.11 ...")'
	@echo "Making $(VENV) from requirements.txt, about a minute"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
