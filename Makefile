# Two commands matter: `make demo` and `make test`. Both set everything up first, inside .venv.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test setup check sandbox clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    set up, then play the main job end to end (sandbox, trainer and bot on this machine)"
	@echo "make test    set up, then lint, types and every test"
	@echo "make sandbox a stand-in Slack workspace in the browser, kept in data/sandbox"
	@echo "make setup   only set up: everything lands in $(VENV), ft-bot in $(BIN)"
	@echo "make check   lint and types"

setup:
	@scripts/setup

demo: setup
	@$(BIN)/ft-bot demo

sandbox: setup
	@$(BIN)/ft-bot sandbox --state data/sandbox

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check
	@scripts/system-packages
	$(BIN)/pytest -n 4 --dist worksteal

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
