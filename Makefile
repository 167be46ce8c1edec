# `make bench`: from a fresh clone to a leaderboard.  `make report`: the pages of it.  `make test`: lint, types and tests.
# `make benchmarks`: how fast, side by side with what it is compared with (docs/reports/benchmarks.md).
# `make peers`: the same numbers as the real tools from PyPI, checked live (docs/reports/parity.md).
# `make mutants`: which changes of the core no test notices; hours, and it goes on where it stopped (docs/reports/mutants.csv).
# `make peers-bench`: how much faster than those tools, side by side in one process (docs/reports/benchmarks.md).
# `make soak`: kills, crowds, damaged files and full disks, and that nothing is lost by them (docs/reports/reliability.md).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PLUGINS := $(patsubst %,--editable %,$(wildcard plugins/*))
PROJECTS := pyproject.toml constraints.txt $(wildcard plugins/*/pyproject.toml)
# Test processes side by side; each file's tests stay together as long as there are others to take.
WORKERS ?= 2
# Data for the tests that want the real MNIST; they are skipped, with the reason, where it is not there.
MNIST ?= ../shared/data/mnist
# The tools that ganzoo is compared with live in an environment of their own: 7 GB, some minutes, never a dependency.
PEERS := .venv-peers
PEERS_PYTHON := PYTHONPATH=. OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=2 MKL_NUM_THREADS=2 $(PEERS)/bin/python

.PHONY: bench report test lint types pytest test-page benchmarks mutants peers peers-bench soak clean

bench: $(VENV)/.installed
	$(BIN)/ganzoo bench --all

report: $(VENV)/.installed
	$(BIN)/ganzoo report

test: lint types pytest test-page

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

pytest: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 GANZOO_TEST_MNIST=$(MNIST) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --ignore tests/page

# In a real browser, Debian's: apt-get install chromium. Where it is missing the tests are skipped, and say so.
test-page: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -rs tests/page

benchmarks: $(VENV)/.installed-dev
	$(BIN)/python tests/benchmarks/startup.py
	$(BIN)/python tests/benchmarks/engine.py
	$(BIN)/python tests/benchmarks/training.py
	$(BIN)/python tests/benchmarks/scoring.py

soak: $(VENV)/.installed-dev
	$(BIN)/python tests/reliability/kills.py
	$(BIN)/python tests/reliability/crowds.py
	$(BIN)/python tests/reliability/mutated.py
	$(BIN)/python tests/reliability/full_disk.py

mutants: $(VENV)/.installed-dev
	$(PIP) mutmut
	PATH=$(abspath $(BIN)):$$PATH OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m mutmut run --max-children 2
	$(BIN)/python tests/mutants/survivors.py docs/reports/mutants.csv

peers: $(PEERS)/.installed
	$(PEERS_PYTHON) tests/peers/images.py
	$(PEERS_PYTHON) tests/peers/inception.py
	$(PEERS_PYTHON) tests/peers/compare.py

peers-bench: $(PEERS)/.installed
	$(PEERS_PYTHON) tests/benchmarks/peers.py

$(PEERS)/.installed: tests/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# jax2onnx asks for the plain onnxruntime, which would overwrite the files of onnxruntime-gpu; what it really needs is
# among ganzoo-jax's own dependencies.
$(VENV)/.installed: $(BIN)/python $(PROJECTS)
	$(PIP) --editable . $(PLUGINS)
	$(PIP) --no-deps jax2onnx
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) --editable '.[dev]' $(PLUGINS)
	touch $@

clean:
	rm -rf $(VENV) runs mutants
