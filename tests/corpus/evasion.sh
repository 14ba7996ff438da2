#!/bin/sh
# Whatever a mail is wrapped in, a rule finds it; and finds nothing in a mail
# that is wrapped in the same way and hides nothing.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/corpus.sh"

corpus_make evasion
pack "$T/evasion" | cost "$corpus/evasion.rules" > "$T/results"
judge evasion "$T/evasion/manifest.jsonl" "$T/results"
judge harmless "$T/evasion/manifest.jsonl" "$T/results"
done_testing
