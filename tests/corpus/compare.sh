#!/bin/sh
# Honest mail is read as Python's email package reads it: names, types, text.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/corpus.sh"

corpus_make good
pack "$T/good" | "$BUILD/lib/content_parts" > "$T/parts"
judge_by compare.py "$T/good" "$T/parts"
done_testing
