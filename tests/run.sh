#!/bin/sh
# run.sh - all tests, or those of some suites; the last line is the count.
#
#   tests/run.sh [SUITE...]    unit golden traces rules corpus mta
#                              asan tsan
#   UPDATE=1 tests/run.sh golden   rewrites the .want files instead
#
# Everything that runs prints TAP: cmocka, `sluice test --tap`, the scripts of
# tests/corpus and tests/mta and the golden files here. What a suite's programs
# printed is kept in $BUILD/test/SUITE/*.tap; failures are shown as they are
# found. A suite that ran nothing has failed, and so has a test that was skipped
# (but for one that names a library that this build does not have), a script
# without its plan and a program that was ended by a signal.
set -u
cd "$(dirname "$0")/.." || exit 1
LC_ALL=C
export LC_ALL
BUILD=${SLUICE_BUILD:-build}
SANITIZED_TESTS="tests/mta/t10-stages.sh tests/mta/t25-events.sh"
TEST_TIMEOUT=120 # seconds for one program or script
case $BUILD in /*) ;; *) BUILD=$(pwd)/$BUILD ;; esac
. tests/lib/servers.sh
out=${TEST_OUT:-$BUILD/test}
export TEST_OUT="$out" # for the scripts, whose SLUICE_BUILD may be another
passed=0
failed=0

say() {
	printf '%-8s %s\n' "$1" "$2"
}

# TAP of the files given -> "passed failed" and, behind it, what failed. A
# file's last line is "exit N"; it is written by run_one.
tap_sum() {
	awk '
	function name_of(path) { sub(/.*\//, "", path); sub(/\.tap$/, "", path); return path }
	function miss(what) { n_bad++; text = text name ": " what "\n" }
	function finish() {
		if (name == "")
			return
		if (plan == "")
			miss("no plan, so it did not end well")
		else if (plan + 0 == 0)
			miss("ran nothing")
		else if (seen < plan)
			miss("planned " plan " tests, ran " seen)
		else if (status != 0 && bad_here == n_bad)
			miss("ended with status " status)
		if (bad_here != n_bad)
			text = text tail
	}
	FNR == 1 {
		finish()
		name = name_of(FILENAME); plan = ""; seen = 0; status = 0
		bad_here = n_bad; tail = ""; in_failure = 0
	}
	/^1\.\.[0-9]+/ { plan = plan + substr($1, 4); next }
	/^ok / && /# SKIP this build has no lib/ { seen++; text = text name ": left out: " $0 "\n"; next }
	/^ok / && /# *[Ss][Kk][Ii][Pp]/ { seen++; miss("skipped: " $0); next }
	/^ok / { seen++; n_good++; in_failure = 0; next }
	/^not ok / { seen++; miss($0); in_failure = 1; next }
	/^exit [0-9]+$/ { status = $2; next }
	/^Bail out!/ { text = text name ": " $0 "\n"; next }
	/^$/ { next }
	in_failure { text = text "    " $0 "\n"; next }
	!/^#/ && ++kept[FILENAME] <= 15 { tail = tail "    " $0 "\n" }
	END {
		finish()
		printf "%d %d\n%s", n_good, n_bad, text
	}' "$@"
}

# run_one SUITE NAME COMMAND...: its TAP and its status into a file
run_one() {
	tap=$out/$1/$2.tap
	shift 2
	timeout -k 10 $TEST_TIMEOUT "$@" < /dev/null > "$tap" 2>&1
	# on a line of its own, even if the program's last line has no end
	printf '\nexit %d\n' $? >> "$tap"
}

# Sums up what a suite left in its folder.
report() { # SUITE SINCE
	set -- "$1" "$2" "$out/$1"/*.tap
	if [ ! -e "$3" ]; then
		good=0 bad=1
		details="$1: ran nothing"
	else
		suite=$1 since=$2
		shift 2
		sum=$(tap_sum "$@")
		set -- "$suite" "$since"
		details=$(printf '%s\n' "$sum" | tail -n +2)
		sum=${sum%%
*}
		good=${sum% *} bad=${sum#* }
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	say "$1" "$(printf '%4d passed, %d failed  %3d s' "$good" "$bad" \
		$(($(date +%s) - $2)))"
	[ -z "$details" ] || printf '%s\n' "$details" | head -n 200
}

# A suite that cannot even begin: its folder gets this one failure.
cannot_run() { # SUITE WHY
	printf 'not ok 1 - %s\n1..1\nexit 1\n' "$2" > "$out/$1/cannot-run.tap"
}

build() { # SUITE BUILD [VARIABLE=value...]
	suite=$1
	shift
	build_dir=$1
	shift
	units=
	for unit in $(units_of "$suite"); do
		units="$units $(basename "$unit" .c)"
	done
	if ! ${MAKE:-make} -s -j2 BUILD="$build_dir" ONLY="$units" "$@" \
		programs units \
		> "$out/$suite/build.log" 2>&1; then
		cannot_run "$suite" "it does not build"
		grep -E 'error|\*\*\*|undefined' "$out/$suite/build.log" |
			head -n 20 | sed 's/^/    /' >> "$out/$suite/cannot-run.tap"
		return 1
	fi
}

run_units() { # SUITE BUILD
	# Two at a time: most of them wait for a Redis more than they compute.
	units_of "$1" |
		xargs -P 2 -I '{}' "$0" --unit "$1" "$2" '{}'
}

# Where there is but one thread ThreadSanitizer has nothing to find, so it gets
# the tests that name threads, or something that has them: a layer in which
# some run, by itself or through a kit.
units_of() { # SUITE
	if [ "$1" != tsan ]; then
		find tests/unit -name 'test_*.c' | sort
		return
	fi
	threads='#include [<"](store/|engine/|inspect/|daemon/|pthread\.h)'
	kits=$(cd tests/unit && grep -lE "$threads" -- *.h | tr '\n' '|')
	grep -lE "$threads|#include \"(${kits%|})\"" tests/unit/test_*.c
}

# Each file on the memory store, and again on a Redis of its own.
run_traces() { # SUITE BUILD FILES...
	suite=$1
	sluice=$2/sluice
	shift 2
	for file in "$@"; do
		[ -e "$file" ] || continue
		name=$(basename "$file" .test)
		run_one "$suite" "$name-memory" "$sluice" test --tap "$file"
		run_one "$suite" "$name-redis" \
			tests/lib/with-redis.sh "$sluice" test --tap \
			--store REDIS_URL "$file"
	done
}

# "FILE MTA NAME" for each run of a script, NAME for its results. Those of mta
# say in their heads through which MTA they go (tests/lib/mta.sh).
runs_of() { # SUITE FILE
	name=$(basename "$2" .sh)
	[ "$1" = mta ] || {
		echo "$2 postfix $name"
		return
	}
	case $(sed -n 's/^# MTA: \([a-z]*\).*/\1/p' "$2") in
	both)
		echo "$2 postfix $name-postfix"
		echo "$2 sendmail $name-sendmail"
		;;
	postfix | none) echo "$2 postfix $name" ;;
	together) echo "$2 together $name" ;;
	*)
		printf 'not ok 1 - no line "# MTA: ..." in %s\n1..1\nexit 1\n' \
			"$2" > "$out/$1/$name.tap"
		;;
	esac
}

# Those of mta wait for a clock more than they compute, so more of them run at
# a time than there are processors here.
run_scripts() { # SUITE BUILD FILES...
	suite=$1
	dir=$2
	shift 2
	at_once=2
	[ "$suite" != mta ] || at_once=3
	for file in "$@"; do
		[ ! -e "$file" ] || runs_of "$suite" "$file"
	done | SLUICE_BUILD=$dir xargs -P $at_once -L 1 "$0" --script "$suite"
}

suite_unit() {
	build unit "$BUILD" && run_units unit "$BUILD"
}

suite_golden() {
	build golden "$BUILD" && run_one golden good tests/golden.sh "$BUILD/sluice" good &&
		run_one golden bad tests/golden.sh "$BUILD/sluice" bad &&
		run_one golden bypass tests/golden.sh "$BUILD/sluice" bypass
}

suite_traces() {
	build traces "$BUILD" && run_traces traces "$BUILD" tests/replay/*.test
}

# Recipes are many and small: one program, and one Redis, for all of them.
suite_rules() {
	build rules "$BUILD" && run_traces rules "$BUILD" rules/*.test || return
	run_one rules recipes-memory "$BUILD/sluice" test --tap \
		rules/recipes/*.test
	run_one rules recipes-redis tests/lib/with-redis.sh "$BUILD/sluice" \
		test --tap --store REDIS_URL rules/recipes/*.test
}

# Mails that are made: hidden things are found, honest ones are let be, and none
# costs more than is promised.
suite_corpus() {
	build corpus "$BUILD" "$BUILD/lib/content_cost" \
		"$BUILD/lib/content_cost_pcre" "$BUILD/lib/content_parts" &&
		run_scripts corpus "$BUILD" tests/corpus/*.sh
}

suite_mta() {
	build mta "$BUILD" && run_scripts mta "$BUILD" tests/mta/t*.sh
}

sanitized() { # SUITE FLAGS
	build "$1" "$BUILD/$1" SANITIZE="$2" OPT=-O1 HARDEN=-fPIE || return
	run_units "$1" "$BUILD/$1"
	run_traces "$1" "$BUILD/$1" tests/replay/*.test
	run_scripts "$1" "$BUILD/$1" $SANITIZED_TESTS
}

suite_asan() {
	ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
	UBSAN_OPTIONS=print_stacktrace=1
	export ASAN_OPTIONS UBSAN_OPTIONS
	sanitized asan \
		"-fsanitize=address,undefined -fno-sanitize-recover=undefined"
}

suite_tsan() {
	TSAN_OPTIONS=halt_on_error=0:exitcode=66
	export TSAN_OPTIONS
	sanitized tsan -fsanitize=thread
}

if [ "${1:-}" = --unit ]; then
	name=$(basename "$4" .c)
	CMOCKA_MESSAGE_OUTPUT=TAP run_one "$2" "$name" "$3/unit/$name"
	exit 0
fi
if [ "${1:-}" = --script ]; then
	MTA=$4
	export MTA
	run_one "$2" "$5" "$3"
	exit 0
fi
if [ -n "${UPDATE:-}" ]; then
	${MAKE:-make} -s -j2 BUILD="$BUILD" programs || exit 1
	tests/golden.sh --update "$BUILD/sluice" good &&
		tests/golden.sh --update "$BUILD/sluice" bad &&
		tests/golden.sh --update "$BUILD/sluice" bypass
	exit
fi
[ $# -gt 0 ] || set -- unit golden traces rules corpus mta asan tsan
for suite in "$@"; do
	case $suite in
	unit | golden | traces | rules | corpus | mta | asan | tsan) ;;
	*)
		echo "run.sh: there is no suite '$suite'" >&2
		exit 2
		;;
	esac
	since=$(date +%s)
	rm -rf "${out:?}/$suite"
	mkdir -p "$out/$suite"
	("suite_$suite")
	report "$suite" "$since"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
