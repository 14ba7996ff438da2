#!/bin/sh
# Honest mail has no damage, though all of it was looked at, and no rule that
# comes with Sluice fires on it; where honest mail is odd enough to be marked, it
# has the words that it should have, and is not refused.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/corpus.sh"

look_at() { # FOLDER
	corpus_make "$1"
	pack "$T/$1" | cost "$TOP/rules/*.rules" "$corpus/all-facts.rules" \
		> "$T/results"
}

look_at good
judge good "$T/results"
look_at marked
judge marked "$T/marked/manifest.jsonl" "$T/results"
done_testing
