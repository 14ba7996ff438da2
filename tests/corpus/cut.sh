#!/bin/sh
# However a body is cut into pieces on its way in, it is read as the same.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/corpus.sh"

uncut() { # FOLDER: prints what differs; ends with 1 if something does
	find "$T/$1" -name '*.eml' -size -8k ! -path '*/harmless/*' -print0 |
		sort -z | xargs -0 -n 40 -P 2 "$BUILD/lib/mime_dump" --cut-all
}

corpus_make evasion
corpus_make good
at_least "there are mails" "$(find "$T" -name '*.eml' -size -8k | wc -l)" 500
ok "evasions are the same for every cut" uncut evasion
ok "honest mails are the same for every cut" uncut good
done_testing
