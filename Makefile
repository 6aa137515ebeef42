# Targets of this repository. The work is done by deploy/*.sh and cargo.
.DEFAULT_GOAL := help
.PHONY: help demo up down test test-one servers servers-stop check schemas bench chaos model deb package-test image-test clean

CARGO ?= cargo

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

demo: ## bookings arrive, guests ask, doors open; half a minute, with a simulated Salto
	@deploy/demo.sh

up: ## start the demo's simulator and two workers, and keep them running
	@deploy/stack.sh up

down: ## stop what `make up` started
	@deploy/stack.sh down

test: ## all tests, with real RabbitMQ and Redis; ARGS="…" goes to cargo test
	@deploy/test.sh $(ARGS)

test-one: ## the tests with T in their names: T=name; ARGS="--test end_to_end" builds fewer
	@deploy/test-one.sh "$(T)" $(ARGS)

servers: ## start a private RabbitMQ and Redis for tests run by hand; prints the variables
	@deploy/servers.sh start

servers-stop: ## stop what `make servers` started
	@deploy/servers.sh stop

check: ## formatting, lints, documentation, structure, links, dependencies
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets --features postern/failpoints -- -D warnings
	$(CARGO) clippy --locked --package postern -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps
	$(CARGO) test --locked --quiet --package checks
	@deploy/deny.sh

schemas: ## generate schemas/ from the Rust types
	$(CARGO) run --locked --package events --example schemas -- schemas
	$(CARGO) run --locked --package console --example openapi >schemas/console/openapi.json

bench: ## how fast a release worker drains waiting requests; ARGS=neighbour or rolling_restart: other effects
	@deploy/bench.sh $(ARGS)

deb: ## a Debian package of a release build, in target/debian/
	@deploy/package.sh

package-test: ## the Debian package in a minimal Debian under a systemd of its own; needs root
	@deploy/package-test.sh

image-test: ## the images, built by buildah, and a worker that runs from one; needs root
	@deploy/image-test.sh

chaos: ## failures of everything at random; a judge checks the contract's invariants; ARGS="…" goes to chaos
	@deploy/chaos.sh $(ARGS)

model: ## look for histories of the ledger that break the contract: millions of states, some minutes
	$(CARGO) run --locked --release --package ledger-model

clean: ## remove everything that was built, unpacked or written by runs
	@deploy/stack.sh down
	@deploy/servers.sh stop
	$(CARGO) clean
	rm -rf .dev
