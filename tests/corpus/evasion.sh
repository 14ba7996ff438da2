#!/bin/sh
# Whatever a mail is wrapped in, a rule finds it; and finds nothing in a mail
# that is wrapped in the same way and hides nothing.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/corpus.sh"

corpus_make evasion
mv "$T/evasion/manifest.jsonl" "$T/manifest"
pack "$T/evasion" | cost "$corpus/evasion.rules" > "$T/results"
judge evasion "$T/manifest" "$T/results"
judge harmless "$T/manifest" "$T/results"

# As an operator looks at them.
printf 'store = memory\nrules = %s\n' "$corpus/evasion.rules" > "$T/sluice.conf"
"$BUILD/sluice" -c "$T/sluice.conf" replay --json "$T/evasion" > "$T/replay"
judge replay "$T/manifest" "$T/replay"
done_testing
