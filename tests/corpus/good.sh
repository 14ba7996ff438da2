#!/bin/sh
# Honest mail has no damage, though all of it was looked at, and no rule that
# comes with Sluice fires on it.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/corpus.sh"

corpus_make good
pack "$T/good" | cost "$TOP/rules/*.rules" "$corpus/all-facts.rules" \
	> "$T/results"
judge good "$T/results"
done_testing
