#!/bin/sh
# The manual pages and README.md: every example in them is loaded, every word
# of the language stands in sluice.rules(5) and no other, and the table of facts
# is that of the code. `UPDATE=1 tests/mta/t85-manual.sh` writes the latter anew.
#
# MTA: none
. "$(dirname "$0")/../lib/tap.sh"

cd "$TOP" || bail "no $TOP"
rules_page=man/sluice.rules.5
# Pages that others refer to; each of them is here, or to come.
OUR_PAGES="sluice.1 sluice.7 sluice.conf.5 sluice.rules.5 sluice-redis.7
	sluiced.8"

# The facts as a list of mdoc.
facts_as_mdoc() {
	"$BUILD/sluice" facts --json | python3 -c '
import json, sys, textwrap
print(".Bl -tag -width Ds")
for fact in json.load(sys.stdin):
    print(".It Ic " + fact["name"] + (r"[\(dq...\(dq]" if fact["argument"]
          else ""))
    many = ", many" if fact["many"] else ""
    text = "%s%s, from %s on: %s." % (fact["type"], many, fact["stage"],
        fact["help"].replace("…", "..."))
    text = text[0].upper() + text[1:]
    print("\n".join(textwrap.wrap(text, 78, break_on_hyphens=False)))
print(".El")'
}

# Lines between two markers of the page.
between() { # FROM TO
	awk -v from=".\\\\\" $1" -v to=".\\\\\" $2" '
		$0 == to { on = 0 }
		on
		$0 == from { on = 1 }' $rules_page
}

if [ -n "${UPDATE:-}" ]; then
	facts_as_mdoc > "$T/facts" || exit 1
	awk -v facts="$T/facts" '
		$0 == ".\\\" facts end" { off = 0 }
		!off
		$0 == ".\\\" facts begin" {
			while ((getline line < facts) > 0)
				print line
			off = 1
		}' $rules_page > "$T/page" && cat "$T/page" > $rules_page
	exit
fi

# --- the pages themselves -------------------------------------------------

ok "the pages are made" make -s BUILD="$BUILD" man
for page in man/*.[1-9]; do
	mandoc -Tlint -W style "$BUILD/$page" 2>&1 |
		grep -Ev 'referenced manual not found|outdated mandoc.db' > "$T/lint"
	is "$page: mandoc finds nothing" "$(cat "$T/lint")" ""
done
cat man/*.[1-9] | awk '$1 == ".Xr" && $2 ~ /^sluice/ { print $2 "." $3 }' |
	sort -u > "$T/referred"
is "pages refer to pages of ours that there are" \
	"$(echo "$OUR_PAGES" | tr -s ' \t' '\n\n' | sort |
		comm -13 - "$T/referred")" ""

# --- examples -------------------------------------------------------------

examples=$T/examples
mkdir -p "$examples/rules"
echo 'on mail { a: log "a mail" }' > "$examples/rules/a.rules"
for page in man/*.[1-9] README.md; do
	LC_ALL=C awk -v dir="$examples" -f tests/lib/manual.awk "$page"
done > "$T/found"
is "every literal block says what it is" "$(grep '^unmarked' "$T/found")" ""
at_least "there are rules among them" "$(grep -c '^rule' "$T/found")" 5
at_least "and in README.md" "$(grep -c '/readme.rules$' "$T/found")" 1

# What parts of rule files may name.
frame='table vip address { "a@example.org" }
table suspects address redis
table owners string { "anna gold", "bob 10" }
table domains domain { "example.org" }
limit user-pace 20/1m recipients by sasl.user'

load() { # KIND FILE
	case $1 in
	rules) "$BUILD/sluice" check "$2" ;;
	rule)
		printf '%s\non %s {\n' "$frame" "${2##*.}" > "$2.rules"
		cat "$2" >> "$2.rules"
		echo '}' >> "$2.rules"
		"$BUILD/sluice" check "$2.rules"
		;;
	condition)
		{
			printf '%s\non %s {\n' "$frame" "${2##*.}"
			awk 'NF { print "c" NR ": log \"x\" if " $0 }' "$2"
			echo '}'
		} > "$2.rules"
		"$BUILD/sluice" check "$2.rules"
		;;
	story) "$BUILD/sluice" test "$2" ;;
	conf)
		sed "s,/etc/sluice,$examples,g" "$2" > "$2.here"
		(umask 077 && echo secret > "$examples/redis.password")
		"$BUILD/sluice" -c "$2.here" check
		;;
	output)
		wrong=${2##*/}
		(cd "$examples" && ! "$BUILD/sluice" check "${wrong%.want}" \
			2>&1 > /dev/null) | diff "$2" -
		;;
	mistake | shell | text | other) ;;
	*)
		echo "there is no kind '$1' of example"
		return 1
		;;
	esac
}
while read -r kind path; do
	case $kind in
	unmarked | mistake | shell | text | other) continue ;;
	esac
	ok "example ${path##*/} is right" load "$kind" "$path"
done < "$T/found"
is "kinds of examples are known" "$(cut -d ' ' -f 1 "$T/found" | grep -vxE \
	'unmarked|rules|rule|condition|story|mistake|output|conf|shell|text|other')" ""

# `sluice WORD` in quotes, at the begin of a line or of an indented comment.
cat man/*.[1-9] README.md rules/*.rules rules/recipes/*.rules |
	grep -oE '(^[$# ]*|`|^#  *|[.]Ql )(build/)?sluice (-c [^ ]+ )?[a-z]+' |
	sed 's/.*sluice \(-c [^ ]* \)\{0,1\}//' | sort -u > "$T/asked"
at_least "commands are named" "$(wc -l < "$T/asked")" 5
while read -r command; do
	"$BUILD/sluice" help "$command" 2>&1 | grep -q 'there is no command' &&
		echo "$command"
done < "$T/asked" > "$T/no-commands"
is "every command that is named is one" "$(cat "$T/no-commands")" ""

# --- recipes --------------------------------------------------------------

: > "$T/wrong"
for recipe in rules/recipes/*.rules; do
	name=$(basename "$recipe" .rules)
	[ -e "rules/recipes/$name.test" ] || echo "$name has no stories"
	[ "$(grep -cx ".\\\\\" recipe $name" $rules_page)" = 1 ] ||
		echo "$name does not stand in $rules_page once"
	[ "$(wc -l < "$recipe")" -le 40 ] || echo "$name is too long"
	grep -nE '.{81}' "$recipe"
	for word in Problem: How: 'May be wrong:'; do
		grep -q "^# $word" "$recipe" || echo "$name does not say $word"
	done
done > "$T/wrong" 2>&1
is "each recipe has stories, a place in the manual and its three words" \
	"$(cat "$T/wrong")" ""
at_least "there are enough of them" \
	"$(find rules/recipes -name '*.rules' | wc -l)" 20
is "all may stand beside each other and beside the shipped rules" \
	"$("$BUILD/sluice" check rules/*.rules rules/recipes/*.rules 2>&1 \
		> /dev/null)" ""

# --- words and numbers ----------------------------------------------------

# The number behind a name in a header, as the page writes it: 1,000,000.
number_in() { # FILE ERE-BEFORE-IT
	sed -nE "s/.*$2[^0-9]*([0-9]+)( [*] ([0-9]+))?.*/\\1 \\3/p" "milter/$1" |
		head -n 1 | awk '{
			n = $1 * ($2 ? $2 : 1)
			while (n >= 1000) {
				tail = sprintf(",%03d", n % 1000) tail
				n = int(n / 1000)
			}
			print n tail
		}'
}

# "128 limits, each with 8 rates": the section as one line.
awk '/^\.Sh LARGEST/ { on = 1; next } /^\.Sh/ { on = 0 }
	on { sub(/^\.It /, ""); printf "%s ", $0 }' $rules_page > "$T/sizes"
while read -r file name phrase; do
	number=$(number_in "$file" "$name")
	grep -qE "(^|[ ;])$(printf '%s' "$phrase" | sed "s/N/${number:-?}/")" \
		"$T/sizes" || echo "$name is ${number:-not in $file}"
done > "$T/missing" <<'END'
rules/ruleset.h RULES_FILE_MAX_BYTES N bytes a rule file;
rules/ruleset.c INCLUDE_DEPTH_MAX N includes
rules/ruleset.c FILES_MAX N files;
rules/program.h LIMITS_MAX N limits,
store/store.h STORE_RATES_MAX each with N rates
rules/program.h KEYS_MAX and N keys;
store/store.h STORE_LOOKUPS_MAX N tables in Redis;
rules/entry.h ENTRY_MAX_BYTES N bytes an entry
rules/entry.h ENTRY_TEXT_MAX N bytes a text that is looked up;
rules/key.h KEY_MAX_BYTES N bytes a key;
rules/pattern.h PATTERN_MAX_BYTES N bytes a regular
rules/program.h CONDITION_DEPTH N parentheses
rules/needs.h NEEDS_MACROS_MAX N macros;
engine/session.c [.]text_bytes N bytes a text after
engine/session.c [.]reply_bytes N bytes a reply;
engine/session.c [.]recipients N recipients
engine/session.c [.]changes N changes of header
engine/session.c [.]remembered N changes of header fields by one message, and values
engine/session.c [.]tags N tags;
rules/diag.h DIAG_SHOWN_MAX N errors
END
is "sizes in $rules_page are those of the code" "$(cat "$T/missing")" ""

"$BUILD/sluice" facts --words > "$T/words" && [ -s "$T/words" ] ||
	bail "the program lists no words"
for kind in $(cut -d ' ' -f 1 "$T/words" | sort -u); do
	macro='^\.It Ic '
	[ "$kind" = reserved ] && macro='^\.Ic '
	if [ "$kind" = fact ]; then
		between 'facts begin' 'facts end'
	else
		between "words $kind" 'words end'
	fi | sed -n "s/$macro//p" | sed 's/[[ ].*//' | sort > "$T/page-words"
	is "words in $rules_page: $kind" "$(cat "$T/page-words")" \
		"$(sed -n "s/^$kind //p" "$T/words" | sort)"
done
facts_as_mdoc > "$T/facts"
between 'facts begin' 'facts end' > "$T/page-facts"
is "the facts in $rules_page are the program's (UPDATE=1 writes them)" \
	"$(diff "$T/page-facts" "$T/facts" 2>&1)" ""
[ -s "$T/found" ] || bail "$T is gone"
done_testing
