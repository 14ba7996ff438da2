# shellcheck shell=sh disable=SC2154 # lib.sh sets what is not set here
# patterns.sh - 10, 100 and 1,000 patterns on one body, with libhs and without.

PATTERNS_MOST=2 # times the cost of 10 that 1,000 may cost together

bench_patterns() {
	make -s -C "$TOP" BUILD="$BUILD" "$BUILD/bench/patterns" ||
		bail "cannot build patterns"
	if ! "$BUILD/bench/patterns" > "$T/patterns"; then
		failed=1
	fi
	cat "$T/patterns"
	! grep -q '^libhs: none' "$T/patterns" || return 0
	ratio=$(sed -n 's/^patterns 1000: together .*(\([0-9.]*\) times.*/\1/p' "$T/patterns")
	awk -v ratio="$ratio" -v most=$PATTERNS_MOST 'BEGIN {
		printf "together 1,000 cost %s times what 10 cost; mark %s: %s\n",
			ratio, most, ratio <= most ? "reached" : "NOT reached"
	}'
}
