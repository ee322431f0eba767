# Every target sets up what it needs: a virtual environment with the versions of constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test test-deep test-peers campaign mutants bench bench-full bench-extras bench-write bench-compare rows chaos chaos-full chaos-soak chaos-page chaos-peers metrics-page proto format clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "feedtree needs Python 3.11 or later; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	@touch $(STAMP)

demo: $(STAMP)  ## live books of two simulated exchanges; break them with 1, 2, 3
	$(BIN)/feedtree run --simulated

test: $(STAMP)  ## the gate: formatter, linter, types, layer contracts, tests, coverage
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	rm -f .coverage*
	$(BIN)/python tests/side_by_side.py
	$(BIN)/python -m slipcover --silent --out .coverage.json --merge .coverage-*.json
	$(BIN)/python tests/coverage_limits.py .coverage.json

test-deep: $(STAMP)  ## more examples of every property test, the slow tests, the mutants
	$(BIN)/python tests/side_by_side.py --deep
	$(BIN)/python tests/supervisors/mutants.py

mutants: $(STAMP)  ## break the supervisors on purpose: the tests of the checklist must find out
	$(BIN)/python tests/supervisors/mutants.py

campaign: $(STAMP)  ## SEEDS=5: orders and fills over real sockets that are cut and disturbed, seed by seed, at both venues
	$(BIN)/python -m feedtree.ops.campaign --seeds $(or $(SEEDS),5)

test-peers: $(STAMP)  ## ccxt against the simulated exchanges, in an environment of its own
	$(BIN)/python ops/peers/orders.py
	$(BIN)/python ops/peers/books.py

bench: $(STAMP)  ## clients side by side, the rows that matter; writes bench-<date>.json
	$(BIN)/python -m feedtree.ops.bench --json

bench-full: $(STAMP)  ## the whole grid, ten minutes at a pace among it
	$(BIN)/python -m feedtree.ops.bench --full --json

bench-extras: $(STAMP)  ## cryptofeed and ccxt.pro, too, in an environment of their own; bench has them from then on
	test -x .venv-extras/bin/python || $(PYTHON) -m venv .venv-extras
	.venv-extras/bin/python -m pip install --quiet --disable-pip-version-check -r ops/bench/extras/requirements.txt
	$(BIN)/python -m feedtree.ops.bench --only extras

bench-write: $(STAMP)  ## the same as bench, and docs/performance.md from it
	$(BIN)/python -m feedtree.ops.bench --json --write

bench-compare: $(STAMP)  ## BASE=file: fails where CPU or latency is 10 % worse than in that file, or memory above it
	@test -n "$(BASE)" || { echo "usage: make bench-compare BASE=bench-<date>.json"; exit 2; }
	$(BIN)/python -m feedtree.ops.bench --compare $(BASE)

rows: $(STAMP)  ## write the supervision checklist and its tests into docs/supervision.md
	$(BIN)/python tests/supervisors/rows.py

chaos: $(STAMP)  ## SEED=1: 200 faults on a tree of 52 streams in under five minutes; exits 1 where a figure is missed
	$(BIN)/feedtree chaos run --seed $(or $(SEED),1) --faults 200

chaos-full: $(STAMP)  ## SEED=1: 1,000 faults, maintenance for a minute, a control arm that takes its time, servers away for 20 and 60 s
	$(BIN)/feedtree chaos run --seed $(or $(SEED),1) --faults 1000 --full --report chaos-full.json
	$(BIN)/feedtree chaos run --seed $(or $(SEED),1) --faults 40 --only away:seconds=20
	$(BIN)/feedtree chaos run --seed $(or $(SEED),1) --faults 40 --only away:seconds=60

chaos-soak: $(STAMP)  ## MINUTES=30: full load and a fault every few seconds; exits 1 where something grows
	$(BIN)/feedtree chaos soak --minutes $(or $(MINUTES),30) --report chaos-soak.json

chaos-page: $(STAMP)  ## write the catalogue of faults into docs/chaos.md
	$(BIN)/python -m feedtree.ops.chaos.page

metrics-page: $(STAMP)  ## write the table of metrics into docs/metrics.md
	$(BIN)/python -m feedtree.ops.metrics.page

chaos-peers: $(STAMP)  ## feedtree, websockets, cryptofeed and ccxt.pro under the same faults, 14 minutes; writes docs/recovery.md
	$(BIN)/python -m feedtree.ops.chaos.peers --write

proto: $(STAMP)  ## regenerate the code of exchanges/mexc/proto/*.proto
	cd .import && ../$(BIN)/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. feedtree/exchanges/mexc/proto/*.proto

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .coverage* .mypy_cache .ruff_cache .hypothesis dist
