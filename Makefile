.DEFAULT_GOAL := help
.PHONY: help setup run test check form bench faults contracts

python := .venv/bin/python
code := $(wildcard kernel chassis services deploy bench)

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

setup: ## install what is missing: PostgreSQL, RabbitMQ, nginx, the Python packages in .venv
	@sh deploy/local/setup.sh

run: setup ## start the whole network on this machine, play a day of it, serve until Ctrl-C
	@STRIPE_READER_AFTER_S=6 exec .venv/bin/relais up

test: ## everything that CI runs: the checks, then the whole suite
	@sh deploy/local/setup.sh test
	@$(MAKE) --no-print-directory form
	$(python) -m pytest -n 3

check: form ## form, lint, types, import contracts and the house rules
	$(python) -m pytest -q tests/tidy

form:
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy --strict -n 2 $(code)
	.venv/bin/lint-imports

bench: setup ## each figure as a ratio against a peer in the same run
	$(python) -m bench

faults: setup ## kill, cut and restart everything during sales, then audit
	$(python) -m pytest tests/faults

contracts: setup ## write contracts/ anew from the code
	$(python) -m deploy.contracts
