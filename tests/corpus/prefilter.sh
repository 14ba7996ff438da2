#!/bin/sh
# Many patterns find the same whether they are looked for together (libhs) or
# one by one.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/corpus.sh"

corpus_make evasion
corpus_make good
python3 "$corpus/make.py" rules > "$T/many.rules"
for folder in evasion good; do
	pack "$T/$folder" > "$T/mails"
	cost "$T/many.rules" < "$T/mails" > "$T/together"
	cost_by_pcre "$T/many.rules" < "$T/mails" > "$T/alone"
	judge same "$T/together" "$T/alone"
done
done_testing
