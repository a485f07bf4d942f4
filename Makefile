# make            what building takes, if it is not there; then build/release/tamis
# make demo       the demo: thirty candidates, one report
# make test       every test but the slow ones, in release and under the sanitizers, if anything changed since they
#                 passed;  make test RERUN=1  in any case
# make verify     the slow tests: calibration over many simulated worlds
# make models     puts all-MiniLM-L6-v2 into models/minilm
# make corpus    gathers English prose of Debian packages into corpus/english.txt
# make fuzz       random bytes for the parsers, half an hour;  make fuzz FUZZ_SECONDS=60
# make format     lays the source out;  make tidy  runs clang-tidy;  make clean  removes what was built
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
JOBS := $(shell nproc)
BUILD := build/release
VERIFY_BUDGET := 20 minutes
FUZZ_SECONDS := 1800
.DEFAULT_GOAL := build
.PHONY: build demo test all-tests verify clean format tidy help models corpus fuzz fuzz-build fuzz-minute setup setup-test release-tests sanitize-asan sanitize-tsan FORCE

help:
	@sed -n 's/^# \(make.*\)/\1/p' Makefile

setup:
	@tools/setup.sh demo

setup-test:
	@tools/setup.sh test
	@tools/models.sh || echo "the tests of the real model will be skipped" >&2

# The packages are fetched and unpacked, not installed.
corpus:
	@/usr/bin/python3 tools/make_corpus.py

models: setup
	@tools/models.sh

build: $(BUILD)/tamis

$(BUILD)/tamis: setup FORCE
	@test -f $(BUILD)/build.ninja || cmake --preset release
	@cmake --build $(BUILD) -j $(JOBS) --target tamis

# A run that was interrupted goes on; a finished one is shown again; a new binary or plan starts afresh.
demo: out/demo.begun
	$(BUILD)/tamis sift examples/demo.toml --out out/demo --resume

out/demo.begun: $(BUILD)/tamis $(wildcard examples/*.toml)
	@rm -rf out/demo && mkdir -p out && touch $@

# What has passed need not pass again: the tests run when anything they depend on has changed, or with RERUN=1.
test: setup-test
	@if [[ -z "$(RERUN)" && -f build/tested.stamp && "$$(tools/test_stamp.sh)" == "$$(cat build/tested.stamp)" ]]; then \
	  echo "nothing has changed since these tests passed (make test RERUN=1 runs them again):"; cat build/tested.txt; \
	else \
	  mkdir -p build && rm -f build/tested.stamp && tools/test_stamp.sh >build/tested.new && \
	  $(MAKE) --no-print-directory all-tests && mv build/tested.new build/tested.stamp; \
	fi

all-tests: release-tests sanitize-asan sanitize-tsan fuzz-minute
	@/usr/bin/python3 tools/say_skipped.py $(BUILD) build/asan build/tsan | tee build/tested.txt
	@grep '^fuzz ' build/fuzz-minute.txt | tee -a build/tested.txt
	@grep -h 'tests passed' build/ctest-*.log | tee -a build/tested.txt

release-tests: setup-test
	@mkdir -p build && cmake --preset release -DTAMIS_TESTS=ON >build/configure.log || { cat build/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS)
	@ctest --test-dir $(BUILD) -LE slow -j $(JOBS) --output-on-failure --output-junit ctest.xml --no-tests=error | tee build/ctest-release.log

# The sanitizers share cores with nobody: their tests run one after the other, on two threads each.
sanitize-asan sanitize-tsan: sanitize-%: release-tests
	@cmake --preset $* -DTAMIS_TESTS=ON >build/configure.log || { cat build/configure.log; exit 1; }
	@cmake --build build/$* -j $(JOBS) --target tests
	@ctest --test-dir build/$* -L sanitize --output-on-failure --output-junit ctest.xml --no-tests=error | tee build/ctest-$*.log

sanitize-tsan: sanitize-asan

# Only the rooms that the fuzz targets link are built.
fuzz-build: setup-test
	@cmake --preset fuzz >build/configure.log || { cat build/configure.log; exit 1; }
	@cmake --build build/fuzz -j $(JOBS) --target fuzz

fuzz: fuzz-build
	@tools/fuzz.sh $(FUZZ_SECONDS)

fuzz-minute: sanitize-tsan
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=60 | tee build/fuzz-minute.txt

verify: setup-test
	@mkdir -p build && cmake --preset release -DTAMIS_TESTS=ON >build/configure.log || { cat build/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS)
	@echo "make verify: simulated worlds by the dozen; time budget $(VERIFY_BUDGET) on two cores"
	@ctest --test-dir $(BUILD) -L slow --verbose --no-tests=error

format:
	@/usr/bin/python3 tools/check_format.py --fix

tidy: setup-test
	@mkdir -p build && cmake --preset clang -DTAMIS_TESTS=ON >build/configure.log || { cat build/configure.log; exit 1; }
	@git ls-files 'tamis/*.cpp' 'cli/*.cpp' | xargs -P $(JOBS) -n 4 clang-tidy-14 --quiet -p build/clang

clean:
	rm -rf build out
