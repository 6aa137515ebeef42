# What there is to do here. The work is in deploy/*.sh and cargo.
.DEFAULT_GOAL := help
.PHONY: help demo up down test check schemas bench chaos clean

CARGO ?= cargo

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: ## watch a booking arrive, guests ask for the door, and doors open; ends by itself
	@deploy/demo.sh

up: ## the demo's simulator and two workers, kept running to play with
	@deploy/stack.sh up

down: ## end what `make up` started
	@deploy/stack.sh down

test: ## every test, with real RabbitMQ and Redis; ARGS="…" goes to cargo test
	@deploy/test.sh $(ARGS)

check: ## formatting, lints and documentation
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets --features postern/failpoints -- -D warnings
	$(CARGO) clippy --locked --package postern -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

schemas: ## write schemas/ anew from the Rust types
	$(CARGO) run --locked --package events --example schemas -- schemas

bench: ## how fast a release worker drains waiting requests, and what that costs; ARGS=neighbour: what a sick IQ costs the others
	@deploy/bench.sh $(ARGS)

chaos: ## everything goes wrong at once, and the contract's invariants are judged; ARGS="…" goes to chaos
	@deploy/chaos.sh $(ARGS)

clean: ## remove everything that was built, unpacked or written by runs
	@deploy/stack.sh down
	$(CARGO) clean
	rm -rf .dev
