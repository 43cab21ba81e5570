# Aliases only: each line also works without make.
PYTHON ?= python3
MAM2_VENV ?= .venv

.PHONY: demo test lint format types bench-service bench-overhead

demo:
	$(PYTHON) install demo

test:
	$(PYTHON) install test

lint:
	"$(MAM2_VENV)/bin/ruff" check . && "$(MAM2_VENV)/bin/ruff" format --check .

format:
	"$(MAM2_VENV)/bin/ruff" check --fix . && "$(MAM2_VENV)/bin/ruff" format .

types:
	"$(MAM2_VENV)/bin/mypy" && "$(MAM2_VENV)/bin/mypy" install

bench-service:
	"$(MAM2_VENV)/bin/python" benchmarks/service.py

bench-overhead:
	"$(MAM2_VENV)/bin/python" benchmarks/overhead.py
