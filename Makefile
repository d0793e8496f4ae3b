# The documented entry points; everything below them is CMake presets.

JOBS ?= $(shell nproc)
RELEASE := build/release
QUIET_CONFIGURE = cmake --preset $(1) > build/$(1)-configure.log 2>&1 || { cat build/$(1)-configure.log; exit 1; }

.PHONY: help run run-baseline studies compare-strategies test bench bench-search bench-schedule format tidy asan tsan build clean

help:
	@echo "make run           build, then tune a network on Fashion-MNIST and open the books"
	@echo "make test          build and run every test"
	@echo "make bench         build and run the benchmarks"
	@echo "make bench-search  compare the samplers with other projects' on test problems; hours, can be interrupted"
	@echo "make bench-schedule DATA=DIR  joules to a good configuration on recorded trainings, beside other projects' strategies"
	@echo "make studies       rerun the published studies at their small scale; may take an hour"
	@echo "make run-baseline  train all candidates of the last make run to the end, for comparison"
	@echo "make compare-strategies  the study of make run with six strategies, three seeds each, into docs/results.md; hours, can be interrupted"
	@echo "make format        format every C++ file"
	@echo "make asan | tsan | tidy   tests under a sanitizer; clang-tidy"

build:
	@tools/setup run
	@mkdir -p build && $(call QUIET_CONFIGURE,release)
	@cmake --build --preset release -j$(JOBS) -- --quiet

run: build
	@$(RELEASE)/bin/wattune tune studies/fashion-mnist.yaml --again --report runs/fashion-mnist.html

run-baseline: build
	@tools/run-baseline

# Every study is run, whatever becomes of those before it.
studies: build
	@failed=""; for manifest in studies/*/replication.yaml; do \
	  name=$$(basename $$(dirname $$manifest)); echo "== $$name"; \
	  $(RELEASE)/bin/wattune study run $$name --scale small --plain || failed="$$failed $$name"; \
	done; [ -z "$$failed" ] || { echo "not as claimed, or failed:$$failed"; exit 1; }

compare-strategies: build
	@tools/compare-strategies --write

test:
	@tools/setup test
	@mkdir -p build && $(call QUIET_CONFIGURE,dev)
	@cmake --build --preset dev -j$(JOBS) -- --quiet
	@cmake --build --preset dev -j$(JOBS) --target all_verify_interface_header_sets -- --quiet
	@ctest --preset dev -j$(JOBS)

bench:
	@tools/setup test
	@mkdir -p build && $(call QUIET_CONFIGURE,bench)
	@cmake --build --preset bench -j$(JOBS) -- --quiet
	@build/bench/bin/bench-engine
	@build/bench/bin/bench-meter
	@build/bench/bin/bench-search --speed --quick
	@build/bench/bin/bench-train

# DATA=DIR has the recorded learning curves (lcbench/).
bench-search:
	@tools/setup run
	@mkdir -p build && $(call QUIET_CONFIGURE,bench)
	@cmake --build --preset bench -j$(JOBS) --target bench-search -- --quiet
	@build/bench/bin/bench-search --quality --samplers gp,tpe,random $(if $(DATA),--data $(DATA))

# DATA=DIR has lcbench/ and zeus-traces/.
bench-schedule:
	@tools/setup run
	@mkdir -p build && $(call QUIET_CONFIGURE,bench)
	@cmake --build --preset bench -j$(JOBS) --target bench-schedule -- --quiet
	@build/bench/bin/bench-schedule --data "$(DATA)" --jobs $(JOBS)

asan tsan:
	@tools/setup test
	@mkdir -p build && $(call QUIET_CONFIGURE,$@)
	@cmake --build --preset $@ -j$(JOBS) -- --quiet
	@ctest --preset $@ -j$(JOBS)

tidy:
	@tools/setup test
	@mkdir -p build && $(call QUIET_CONFIGURE,tidy)
	@cmake --build --preset tidy -j$(JOBS)

format:
	@git ls-files '*.cpp' '*.hpp' '*.c' '*.h' | xargs clang-format-14 -i

clean:
	@rm -rf build
