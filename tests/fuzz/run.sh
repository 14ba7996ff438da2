#!/bin/sh
# run.sh [TARGET...] - the fuzzers; `make fuzz`.
#
# Each tests/fuzz/fuzz_NAME.c is built with clang and its sanitizers and runs
# for FUZZ_SECONDS (60) from tests/fuzz/corpus/NAME, which stays as it is: what is
# found on the way goes to $BUILD/fuzz/NAME. The words of NAME.dict help.
#
# One line for each; 1 if any found something.
set -u
cd "$(dirname "$0")/../.." || exit 1
LC_ALL=C
export LC_ALL
seconds=${FUZZ_SECONDS:-60}
build=${SLUICE_BUILD:-build}/fuzz
sanitizers=address,undefined
flags="-fno-sanitize-recover=undefined"
status=0

if ! command -v clang > /dev/null; then
	echo "fuzz: clang is missing; tests/setup/packages.sh fuzz installs it" >&2
	exit 1
fi
mkdir -p "$build" || exit 1
layers="rules store inspect mime base"
archives=
for layer in $layers; do
	archives="$archives $build/lib$layer.a"
done
# shellcheck disable=SC2086 # archives are words
${MAKE:-make} -s -j2 BUILD="$build" CC=clang OPT=-O1 HARDEN=-fPIE \
	SANITIZE="-fsanitize=fuzzer-no-link,$sanitizers $flags" $archives \
	> "$build/build.log" 2>&1 || { cat "$build/build.log"; exit 1; }

# What the archives were built with, where it is there.
libraries="hiredis libpcre2-8 libidn2 libmd"
for library in libhs libseccomp libarchive libmagic; do
	! pkg-config --exists "$library" || libraries="$libraries $library"
done

build_target() { # NAME
	# shellcheck disable=SC2046,SC2086 # flags are words
	clang -std=c17 -D_GNU_SOURCE -g -O1 -Imilter \
		-fsanitize=fuzzer,$sanitizers $flags \
		-o "$build/fuzz_$1" "tests/fuzz/fuzz_$1.c" $archives \
		$(pkg-config --libs $libraries) -pthread
}

# The golden rule files are the best seeds for rules.
seed() { # NAME
	mkdir -p "$build/$1" "$build/crash"
	cp -r "tests/fuzz/corpus/$1/." "$build/$1/" 2> /dev/null
	if [ "$1" = rules ]; then
		find tests/rules rules -name '*.rules' -size -8k \
			-exec cp -f {} "$build/$1/" ';'
	fi
}

run_target() { # NAME
	dict=tests/fuzz/$1.dict
	[ -e "$dict" ] || dict=
	timeout -k 10 $((seconds + 120)) "$build/fuzz_$1" ${dict:+"-dict=$dict"} \
		-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-max_len=16384 -artifact_prefix="$build/crash/$1-" \
		-print_final_stats=1 "$build/$1" > "$build/$1.log" 2>&1
}

[ $# -gt 0 ] || set -- header rules prefilter decode archive mime html
for name in "$@"; do
	if ! build_target "$name"; then
		echo "fuzz $name: does not build"
		status=1
		continue
	fi
	seed "$name"
	if run_target "$name"; then
		echo "fuzz $name: nothing found in $seconds s, $(awk '
			/^stat::number_of_executed_units/ { print $2 }' \
			"$build/$name.log") inputs"
	else
		status=1
		echo "fuzz $name: FOUND something, see $build/$name.log"
		grep -E 'ERROR|SUMMARY|Test unit written' "$build/$name.log" |
			head -n 5
	fi
done
exit $status
