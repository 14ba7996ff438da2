#!/bin/sh
# What any mail may cost at most, whatever is in it: memory, and time with the
# rules that come with Sluice; here every fact is asked for besides.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/corpus.sh"

SCAN_LIMIT_KIB=1024
EMPTY_PARTS_KIB=8192 # 1 MB of empty parts; 100,000 header lines
CPU_MS=1000

python3 "$corpus/make.py" hostile - |
	cost "$TOP/rules/*.rules" "$corpus/all-facts.rules" > "$T/results"
grep -E '"(empty-parts-1mb|headers-100000)"' "$T/results" > "$T/small"
grep -vE '"(empty-parts-1mb|headers-100000)"' "$T/results" > "$T/large"
judge bounds "$T/small" $EMPTY_PARTS_KIB $CPU_MS
judge bounds "$T/large" $((SCAN_LIMIT_KIB + 4096)) $CPU_MS
done_testing
