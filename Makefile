# `make` lists the targets. One number of jobs everywhere: SwiftPM rebuilds all when it changes.
JOBS ?= 2
SWIFT_BUILD = swift build -c release -j $(JOBS)
FOVEA = .build/release/fovea

# The recipe of the first network; `OUT=DIR` names the run's directory, else the program does.
TRAIN = $(FOVEA) train two-conv --data fashion-mnist --epochs 5 --batch 64 --optimizer sgd --lr 0.04 --momentum 0.9 --nesterov --weight-decay 0.001 --schedule cosine --warmup 400 --init he --seed 0$(if $(OUT), --out $(OUT))

# Where there is no package manager to bring Fashion-MNIST: a data set that the program makes itself.
FASHION = $(or $(FOVEA_FASHION_MNIST),/usr/share/datasets/fashion-mnist)
TRAIN_1D = $(FOVEA) train mnist-1d-conv --data mnist-1d --epochs 250 --batch 100 --lr 0.05 --momentum 0.9 --schedule cosine --init he --seed 0$(if $(OUT), --out $(OUT))

SWIFT_FILES = Package.swift Sources Tests $(wildcard Examples)

.DEFAULT_GOAL := help
.PHONY: help run build test bench fuzz check-plans lint format clean toolchain

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## install what is missing, build, train a network on Fashion-MNIST
	@./bootstrap
	@$(MAKE) --no-print-directory build
	@if [ -d "$(FASHION)" ]; then $(TRAIN); else \
	  echo "Fashion-MNIST is not here ($(FASHION)): training on MNIST-1D instead"; $(TRAIN_1D); fi

build: toolchain ## build the program: .build/release/fovea
	$(SWIFT_BUILD)

test: toolchain ## build and run all tests, in release, and the examples
	@JOBS=$(JOBS) Scripts/test

bench: build ## measure the cases of Benchmarks/README.md (ours alone; ONLY=lenet5 for some)
	$(FOVEA) bench --suite --out .build/bench.jsonl$(if $(ONLY), --only "$(ONLY)")

fuzz: toolchain ## feed the parsers of files made-up bytes, RUNS=2000000 times each (ONLY=npy for some)
	@JOBS=$(JOBS) RUNS=$(or $(RUNS),2000000) Scripts/fuzz $(ONLY)

check-plans: toolchain ## plans against the interpreter by random graphs, GRAPHS=100000 of them (SEED=n for the first)
	@JOBS=$(JOBS) FOVEA_GRAPHS=$(or $(GRAPHS),100000) FOVEA_SEED=$(or $(SEED),1) Scripts/test --filter PlanCheckTests

lint: toolchain ## check the formatting
	swift format lint --strict --parallel --recursive $(SWIFT_FILES)

format: toolchain ## format the Swift files
	swift format format --in-place --parallel --recursive $(SWIFT_FILES)

clean: ## remove what was built (runs/ stays)
	rm -rf .build Examples/*/.build

toolchain:
	@command -v swift > /dev/null || { echo "Swift is missing: run ./bootstrap" >&2; exit 1; }
