# The one way to build, check and run fundclear; CI calls nothing else.
# Everything lands in the clone: the environment in .venv, compiled crates in rust/target, wheels in dist.

PYTHON ?= python3
VENV := $(CURDIR)/.venv
PY := $(VENV)/bin/python
CARGO := cargo
MANIFEST_PATH := --manifest-path rust/Cargo.toml

# The day that `make demo` clears.
SAMPLE := samples/yuebao-2017-04-27

# How long `make fuzz` looks.
FUZZ_SECONDS ?= 60

# How many blocks of base and head in turns `make bench-gate-time` runs; fewer than 10 prove nothing.
GATE_PAIRS ?= 20

# What it comes to if the gate cannot decide: fail, or pass and say so.
GATE_UNDECIDED ?= fail
# How often `make crash` kills runs.
KILLS ?= 300

# Lint, tests and wheel share one profile and one set of variables, those that maturin sets; with others cargo would
# take PyO3 and all that stands on it for stale and compile it again at every change from one to the other.
export CARGO_TARGET_DIR := $(CURDIR)/rust/target
export VIRTUAL_ENV := $(VENV)
export PYO3_PYTHON := $(PY)
export PYO3_BUILD_EXTENSION_MODULE := 1
export PYO3_ENVIRONMENT_SIGNATURE := $(shell $(PYTHON) -c 'import struct, sys; \
	print("%s-%d.%d-%dbit" % (sys.implementation.name, *sys.version_info[:2], 8 * struct.calcsize("P")))')
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# maturin refuses to choose between two environments.
unexport CONDA_PREFIX

# Stamps say what has been done, so that a second call is quick.
INSTALLED := $(VENV)/.installed
BUILT := $(VENV)/.built
NATIVE_SOURCES := $(shell find rust/batch rust/formats rust/generate rust/kernel rust/python rust/store -name '*.rs' -o -name '*.toml' -o -name 'build_cython.py') \
	rust/Cargo.toml rust/Cargo.lock pyproject.toml src/fundclear/cython_api.pyx src/fundclear/cython_api.pxd

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(INSTALLED): requirements-dev.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet -r requirements-dev.txt
	touch $@

$(BUILT): $(INSTALLED) $(NATIVE_SOURCES)
	$(VENV)/bin/maturin develop --release --locked
	touch $@

.PHONY: setup
setup: $(INSTALLED) ## make .venv with the pinned development tools

.PHONY: build
build: $(BUILT) ## compile and install fundclear into .venv, editable

.PHONY: demo
demo: $(BUILT) ## clear a real order file of Yu'e Bao, and print the report
	rm -rf build/demo
	$(PY) -m fundclear clear $(SAMPLE)/orders_03.txt --terms $(SAMPLE)/terms.toml --prices $(SAMPLE)/prices.toml \
		--positions $(SAMPLE)/positions.csv --out build/demo

.PHONY: test
test: test-rust test-python ## run every test: the kernel's own, then Python's

.PHONY: test-rust
test-rust: $(INSTALLED) ## run the kernel's own tests
	$(CARGO) test $(MANIFEST_PATH) --locked --release --workspace

.PHONY: test-python
test-python: $(BUILT) ## run the Python tests and the examples in docstrings and docs
	$(PY) -m pytest

.PHONY: lint
lint: lint-python lint-rust ## check format, style and types of Python, stubs and Rust

.PHONY: lint-python
lint-python: $(BUILT)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(PY) -m mypy.stubtest fundclear._kernel fundclear.cython_api

.PHONY: lint-rust
lint-rust: $(INSTALLED)
	$(CARGO) fmt $(MANIFEST_PATH) --all --check
	$(CARGO) fmt --manifest-path rust/fuzz/Cargo.toml --check
	$(CARGO) fmt --manifest-path benches/rust/Cargo.toml --check -- --config-path rust/rustfmt.toml
	$(CARGO) clippy $(MANIFEST_PATH) --locked --release --workspace --all-targets -- -D warnings
	$(CARGO) clippy --manifest-path benches/rust/Cargo.toml --locked --release --all-targets -- -D warnings

.PHONY: bench
bench: $(BUILT) ## race with numpy, Polars, DuckDB, pyarrow and decimal; the report lies in build/bench
	$(PY) -m pytest benches/python

.PHONY: bench-page
bench-page: $(INSTALLED) ## write docs/benchmarks.md from the committed report
	$(PY) benches/python/page.py

.PHONY: bench-rust
bench-rust: ## measure the kernel's inner loops
	cd benches/rust && $(CARGO) bench --locked --bench kernel

# gungraun's library and its runner have to be of one version: the library's stands in the benchmarks' manifest.
GUNGRAUN := $(shell sed -n 's/^gungraun = "=\(.*\)"$$/\1/p' benches/rust/Cargo.toml)
RUNNER := $(CARGO_TARGET_DIR)/tools/bin/gungraun-runner

$(RUNNER): benches/rust/Cargo.toml
	$(CARGO) install --quiet --locked --debug --force --version $(GUNGRAUN) --root $(CARGO_TARGET_DIR)/tools \
		--target-dir $(CARGO_TARGET_DIR)/tools/target gungraun-runner
	touch $@

# What cannot be had here is no error: the gate says that it is missing.
.PHONY: bench-tools
bench-tools: ## get what counts instructions: valgrind, by apt-get where that is allowed, and gungraun's runner
	-$(MAKE) --no-print-directory $(RUNNER)
	-command -v valgrind >/dev/null || ( apt-get update -qq && apt-get install --yes -qq valgrind )

.PHONY: bench-gate
bench-gate: bench-gate-count bench-gate-time ## fail if anything is slower than before

.PHONY: bench-gate-count
bench-gate-count: $(BUILT) bench-tools ## the same by instructions, which no other load on the machine changes
	$(PY) benches/gate/gate.py count --undecided $(GATE_UNDECIDED)

.PHONY: bench-gate-time
bench-gate-time: $(BUILT) ## the same by wall time against the base commit, in turns, on what GATE_PAIRS (20) prove
	$(PY) benches/gate/gate.py time --pairs $(GATE_PAIRS) --undecided $(GATE_UNDECIDED)

.PHONY: bench-baseline
bench-baseline: $(BUILT) bench-tools ## write the instruction counts that later changes are held against
	$(PY) benches/gate/gate.py baseline

.PHONY: fuzz
fuzz: ## feed the parser whatever bytes may break it, for FUZZ_SECONDS (60)
	mkdir -p rust/fuzz/artifacts rust/fuzz/corpus
	cd rust/fuzz && CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/fuzz $(CARGO) run --release --locked -- \
		-max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -artifact_prefix=artifacts/ corpus

.PHONY: crash
crash: $(BUILT) ## kill runs out of core KILLS (300) times, and see that each is finished with the same bytes
	FUNDCLEAR_KILLS=$(KILLS) $(PY) -m pytest tests/crash/test_killed_batches.py

.PHONY: docs
docs: $(BUILT) ## build the documentation into docs/_build/html; a warning is an error
	$(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html

.PHONY: wheel
wheel: $(INSTALLED) ## build a wheel into dist
	$(VENV)/bin/maturin build --release --locked --interpreter $(PY) --out dist

.PHONY: wheel-check
wheel-check: $(INSTALLED) ## install in each of the four ways into an empty environment, and use it
	$(PY) tests/wheel/install_ways.py

.PHONY: lock
lock: $(INSTALLED) ## pin the newest versions in requirements-dev.txt and the Cargo.lock files
	$(PY) -m pip install --quiet 'uv>=0.13'
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --upgrade --annotation-style line \
		--custom-compile-command 'make lock' --group tools --group peers --group bench --group docs \
		--output-file requirements-dev.txt
	for crates in rust rust/fuzz benches/rust; do $(CARGO) update --manifest-path $$crates/Cargo.toml; done

.PHONY: clean
clean: ## remove all that was built, and .venv
	rm -rf $(VENV) $(CARGO_TARGET_DIR) dist docs/_build src/fundclear/*.so
