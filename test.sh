#!/bin/sh
# Installs what is missing, builds, and runs every test that this machine can run. Closes with one line,
# `N passed, N failed, N skipped`, and ends with 1 when something failed.
#
#   INTEROP=0 ./test.sh      without the tests against real servers and clients, which fetch and build them first
#   VERBOSE=1 ./test.sh      names what was skipped in each suite, and why
#   BUILD=FOLDER ./test.sh   builds there (build)
set -eu
cd "$(dirname "$0")"
build=${BUILD:-build}
docker/install-build-deps
if [ ! -f "$build/build.ninja" ]; then
  command -v ccache >/dev/null && export CXX="ccache ${CXX:-g++}"
  meson setup "$build" --buildtype=release >/dev/null
fi
echo "Building (a few minutes the first time) ..."
ninja -C "$build" --quiet || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }

. tests/suites.sh
pipeline="$build/pipeline"
suite "include order" python3 tests/check_includes.py
suite "plugins are complete" python3 tests/check_plugins.py
suite "unit" python3 tests/unit_tests.py "$build"
suite "grok differential" "$build/tests/fuzz/grok_differential" --comparisons 2000000 --jobs 2
suite "fuzz cases" python3 tests/fuzz/replay.py "$build"
suite "golden" python3 tests/golden/run_golden.py "$pipeline"
suite "docs are current" python3 tests/check_docs.py "$pipeline"
suite "conformance" python3 tests/conformance/run.py "$pipeline"
suite "lookups" python3 tests/lookups/run.py "$pipeline"
suite "examples" python3 tests/examples/run.py "$pipeline"
suite "codec streams" python3 tests/codec_streams.py "$pipeline"
suite "verify" python3 tests/verify_configs.py "$pipeline"
suite "dead letters" python3 tests/dead_letters.py "$pipeline"
suite "tenants" python3 tests/tenants.py "$pipeline"
suite "benchmarks" python3 tests/bench/bench.py "$pipeline" --check
suite "security" python3 tests/security/run.py "$pipeline"
suite "faults" python3 tests/faults/run.py "$pipeline"
suite "image tree" sh tests/docker_tree.sh "$pipeline"

shared=${SHARED:-../shared}
if [ -d "$shared/corpus" ]; then
  suite "corpus" python3 tests/check_corpus.py "$pipeline" "$shared/corpus"
else
  skip "corpus" "$shared/corpus is not there"
fi
if [ -f "$shared/conformance/run.py" ]; then
  suite "shared conformance" python3 tests/conformance/shared.py "$pipeline" "$shared/conformance"
else
  skip "shared conformance" "$shared/conformance is not there"
fi
if [ "${INTEROP:-1}" = 0 ]; then
  skip "interop" "INTEROP=0"
else
  suite "interop" timeout "${INTEROP_SECONDS:-2400}" python3 tests/interop/run.py --binary "$pipeline"
fi
closing_line
