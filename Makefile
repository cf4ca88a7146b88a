# Everything a newcomer needs. Each target sets up what is missing first.

PROFILE ?= release
BIND ?= 127.0.0.1:8080

.PHONY: help run test check format generate bench pictures

help: ## Lists the targets.
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

run: ## Builds Recoup and starts the demo: prints its address and a sign-in.
	@scripts/setup.sh run
	cargo build --locked --profile $(if $(filter debug,$(PROFILE)),dev,$(PROFILE)) -p recoup
	RECOUP__HTTP__BIND=$(BIND) RECOUP__DATA_DIR="$${RECOUP__DATA_DIR:-$(CURDIR)/data}" exec target/$(PROFILE)/recoup demo

test: ## Runs every test.
	@scripts/setup.sh test
	@scripts/test.sh

check: ## Format, lints, licences, unused dependencies, documentation, generated files.
	@scripts/check.sh

format: ## Formats the code.
	cargo fmt --all

generate: ## Writes the generated documents anew.
	@scripts/generate.sh

bench: ## Measures what docs/performance.md promises.
	@scripts/setup.sh run
	@scripts/bench.sh

pictures: ## Photographs every page into pictures/.
	@scripts/setup.sh test
	@scripts/pictures.sh
