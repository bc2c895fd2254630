# The few commands of the project. A fresh machine needs Python 3.11 to 3.13 and make, nothing else.
#
#   make run      start the demonstration on PORT with its data in SUPERVISION_HOME
#   make test     everything the suite needs, then the suite; REQUIRE_ALL=1 turns a skip for want of
#                 PostgreSQL, Chromium or axe-core into a failure; TESTS="-k 线索" chooses
#   make lint     ruff and mypy               make format   ruff's own layout
#   make bench    what the log takes beside the recorders of others, how fast it is verified, sealing, sign-in,
#                 then reports per second over HTTP (BENCH)
#   make messages collects the texts to translate into build/messages.pot
#   make lock     newest allowed versions into requirements*.lock (needs the network)
#   make clean    everything made from the source; never a deployment

PYTHON ?= python3
PORT ?= 8000
SUPERVISION_HOME ?= ./var
REQUIRE_ALL ?=
TESTS ?=
BENCH ?=

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq
AXE := tests/node_modules/axe-core/axe.min.js
UV := $(VENV)/lock/bin/uv

export SUPERVISION_HOME

.DEFAULT_GOAL := run
.PHONY: run test lint format bench messages lock clean machine

# The two lines of the recipe are the whole start: an interrupted server ends with 0, so make is silent.
run: $(VENV)/run.stamp
	@$(PY) -m supervision demo --if-absent
	@exec $(PY) -m supervision serve --site all --bind 127.0.0.1:$(PORT)

test: machine $(VENV)/dev.stamp $(AXE)
	@REQUIRE_ALL=$(REQUIRE_ALL) $(PY) -m pytest -n auto --maxprocesses=4 $(TESTS)

lint: $(VENV)/dev.stamp
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: $(VENV)/dev.stamp
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: $(VENV)/run.stamp
	@$(PY) scripts/bench_recorders.py
	@$(PY) scripts/bench_verify.py
	@$(PY) scripts/bench_sealing.py
	@$(PY) scripts/bench_reports.py $(BENCH)

messages: $(VENV)/run.stamp
	@mkdir -p build
	@$(VENV)/bin/pybabel -q extract -F supervision/web/babel.cfg -o build/messages.pot supervision/web

machine:
	@scripts/bootstrap_machine.sh

# The source tree is run as it stands, so nothing of ours is built or installed into the environment.
# The lock of the tests contains the lock of the run, version by version (tests/test_packaging.py).
$(VENV)/run.stamp: requirements.lock $(PY)
	@echo '安装运行所需的软件包(首次约一分钟)……'
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements.lock requirements-dev.lock $(PY)
	@echo '安装运行和测试所需的软件包(首次约一分钟)……'
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $(VENV)/run.stamp $@

$(PY):
	@scripts/make_venv.sh $(PYTHON) $(VENV)

# A failure here only costs the accessibility checks, which then say what they miss.
$(AXE): tests/package-lock.json | machine
	@if command -v npm >/dev/null; then \
	    (cd tests && npm ci --ignore-scripts --no-audit --no-fund --silent) && touch $@; \
	else echo 'npm 不在本机:无障碍检查将被跳过。'; fi || echo 'npm ci 失败:无障碍检查将被跳过。'

lock: $(UV)
	@$(UV) $(UV_COMPILE) --output-file requirements.lock pyproject.toml
	@$(UV) $(UV_COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

# Universal: one file holds the hashes of every platform's files for every Python that is supported.
# No address: an index belongs to the machine that installs, not to the project.
UV_COMPILE := pip compile --quiet --no-config --upgrade --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

$(UV):
	@scripts/make_venv.sh $(PYTHON) $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip --disable-pip-version-check -qq install 'uv>=0.13,<0.14'

clean:
	@rm -rf $(VENV) build dist tests/node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
