#!/bin/sh
# What any mail may cost at most, whatever is in it: memory, and time with the
# rules that come with Sluice; here every fact is asked for besides. One half.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/corpus.sh"

hostile_half 0
at_least "there are mails" "$(wc -l < "$T/results")" 100
done_testing
