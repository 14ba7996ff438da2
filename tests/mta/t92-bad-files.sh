#!/bin/sh
# Rule and table files that no editor makes: NUL, wrong UTF-8, too large, very
# many entries, very deep; each a clear message with a position, none a crash.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"

check() { # STATUS NAME FILE [ERE]
	(cd "$T" && timeout 30 "$BUILD/sluice" check "$3") > "$T/stdout" 2> "$T/stderr" < /dev/null
	check_got=$?
	is "$2: exit code $1" $check_got "$1"
	[ $# -lt 4 ] || like "$2: a clear message" "$(cat "$T/stderr")" "$4"
}
cd "$T" || exit 1
printf 'on rcpt { a: reject "x" if rcpt.to }\n# \000\n' > nul.rules
check 1 "NUL" nul.rules '^nul\.rules:2:3: error: .*NUL'
printf '# fine: \303\251\n# \303(\n' > utf8.rules
check 1 "invalid UTF-8" utf8.rules '^utf8\.rules:2:3: error: .*UTF-8'
printf '\377\376o\000n\000' > utf16.rules
check 1 "UTF-16" utf16.rules '^utf16\.rules:1:[0-9]+: error: '
{ echo '#'; head -c 1000000 /dev/zero | tr '\0' ' '; } > large.rules
check 1 "over 1 MB" large.rules 'error: .*large\.rules: larger than 1000000 bytes'
{ head -c 999990 /dev/zero | tr '\0' '\n'; } > almost.rules
check 0 "just under 1 MB of nothing" almost.rules
: > empty.rules
check 0 "an empty file" empty.rules
mkdir folder.rules
check 1 "a folder" folder.rules 'folder\.rules: is a folder'
check 1 "no file" none.rules 'no file matches none\.rules'

echo 'table t address file "none.txt"' > table.rules
check 1 "a missing table file" table.rules '^table\.rules:1:22: error: .*No such file'
echo 'table t address file "short.txt" at-least 3
on mail { a: reject "x" if mail.from in t }' > short.rules
echo 'a@example.org' > short.txt
check 1 "a table file that is too short" short.rules '^short\.rules:1:22: error: .*1 .*fewer than the 3'
echo 'table t cidr file "cidr.txt"' > cidr.rules
printf '192.0.2.0/24\n192.0.2.0/33\n' > cidr.txt
check 1 "a wrong entry in a table file" cidr.rules 'cidr\.txt:2:[0-9]+: error: .*192\.0\.2\.0/33|cidr\.rules:1:[0-9]+: error: .*cidr\.txt.*2'
printf 'table big address file "big.txt"\non mail { a: reject "x" if mail.from in big }\n' > big.rules
awk 'BEGIN { for (i = 0; i < 100000; i++) print "user" i "@example" i % 100 ".org" }' > big.txt
before=$(now_ms)
check 0 "a table of 100,000 entries" big.rules
at_most "  in good time (ms)" $(($(now_ms) - before)) 3000
{ printf 'table big domain {'; awk 'BEGIN { for (i = 0; i < 30000; i++) printf "\"d%d.example\",\n", i }'; echo '"x.example" }'; echo 'on mail { a: reject "x" if mail.from.domain in big }'; } > inline.rules
check 0 "an inline table of 30,000 entries" inline.rules

echo 'on mail { a: reject "x" if mail.from =~ /a(b/ }' > regex.rules
check 1 "an invalid regex" regex.rules '^regex\.rules:1:[0-9]+: error: .*(parenthes|regular|regex)'
echo 'on mail { a: reject "x" if mail.size == "big" }' > type.rules
check 1 "a wrong type" type.rules '^type\.rules:1:[0-9]+: error: '
echo 'on mail { a: reject "x" if mail.form == "b" }' > fact.rules
check 1 "an unknown fact" fact.rules "did you mean .?mail\.from"
{ printf 'on mail { a: reject "x" if '; awk 'BEGIN { for (i = 0; i < 100000; i++) printf "(" }'; } > deep.rules
check 1 "100,000 parentheses" deep.rules '^deep\.rules:1:[0-9]+: error: '
{ printf 'on mail { a: reject "x" if '; awk 'BEGIN { for (i = 0; i < 100000; i++) printf "not " }'; echo 'bounce }'; } > nots.rules
check 1 "100,000 nots" nots.rules '^nots\.rules:1:[0-9]+: error: '
printf 'on mail { a: reject "x" if bounce' > open.rules
check 1 "a block that is not closed" open.rules '^open\.rules:1:[0-9]+: error: .*(end of|\})'
printf 'on mail { a: reject "x\n if bounce }' > string.rules
check 1 "a string that is not closed" string.rules '^string\.rules:1:[0-9]+: error: '
echo 'include "loop.rules"' > loop.rules
check 1 "a file that includes itself" loop.rules '^loop\.rules:1:[0-9]+: error: '
awk 'BEGIN { for (i = 0; i < 30; i++) printf "on mail { a%d: rejct \"x\" }\n", i }' > many.rules
check 1 "thirty mistakes" many.rules '30 errors'
is "  of which twenty are shown" "$(grep -c ': error: ' "$T/stderr")" 20

# Cut anywhere, a rule file is refused or fine, and never a crash.
cat > whole.rules <<'END'
# comment
table t address { "a@example.org", "@example.net" }
limit l 20/1m, 200/1h recipients by sasl.user if not sasl.user in { "x" }
on rcpt if daemon.name == "submission" {
	r: observe reject 550 5.7.1 "${rcpt.to} \"no\" $$" if (rcpt.to in t or over l) and rcpt.to !~ /x{2}[a-z]\/i/i expires 2030-01-01
}
END
size=$(wc -c < whole.rules)
crashes=0
at=0
while [ $at -lt "$size" ]; do
	head -c $at whole.rules > cut.rules
	timeout 10 "$BUILD/sluice" check cut.rules > /dev/null 2>&1
	[ $? -le 1 ] || { crashes=$((crashes + 1)); echo "# crash when cut at $at"; }
	at=$((at + 1))
done
is "a rule file cut at every byte: none is a crash" $crashes 0
done_testing
