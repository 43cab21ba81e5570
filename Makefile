# Aliases only: each line also works without make.
PYTHON ?= python3
MAM2_VENV ?= .venv

.PHONY: demo test check docs lint format types bench bench-quick bench-gpu bench-service bench-overhead

demo:
	$(PYTHON) install demo

test:
	$(PYTHON) install test

# What runs on every change.
check:
	.ci/run

docs:
	NO_MKDOCS_2_WARNING=true "$(MAM2_VENV)/bin/python" -m mkdocs build --strict

lint:
	"$(MAM2_VENV)/bin/ruff" check . && "$(MAM2_VENV)/bin/ruff" format --check .

format:
	"$(MAM2_VENV)/bin/ruff" check --fix . && "$(MAM2_VENV)/bin/ruff" format .

types:
	"$(MAM2_VENV)/bin/mypy" && "$(MAM2_VENV)/bin/mypy" install

# Measures and remakes docs/performance.md; `bench-quick` is a look of about two minutes that changes no page.
bench:
	"$(MAM2_VENV)/bin/python" benchmarks/performance.py

bench-quick:
	"$(MAM2_VENV)/bin/python" benchmarks/performance.py --quick

# Measures a CUDA GPU in less than ten minutes and remakes docs/performance-gpu.md.
bench-gpu:
	"$(MAM2_VENV)/bin/python" benchmarks/performance.py --gpu

bench-service:
	"$(MAM2_VENV)/bin/python" benchmarks/service.py

bench-overhead:
	"$(MAM2_VENV)/bin/python" benchmarks/overhead.py
