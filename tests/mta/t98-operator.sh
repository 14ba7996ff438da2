#!/bin/sh
# An operator's day: what real daemons behind a real Postfix wrote, read and
# steered by the tool.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/tool.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make one <<'END'
table suspects string redis
limit user-pace 4/1h recipients by sasl.user
limit user-day  100 daily recipients by sasl.user
limit user-nets 2/1d distinct client.ip by sasl.user locks 2h
on mail if daemon.name == "submission" {
    nets:  reject 550 5.7.1 "too many networks" if over user-nets
    sus:   reject 550 5.7.1 "please call us" if sasl.user in suspects
}
on rcpt {
    pace:  tempfail 450 4.7.1 "enough, free ${limit.until}"
           if over user-pace or over user-day
    maybe: observe reject 550 5.7.1 "odd" if rcpt.to.local == "odd"
}
on headers {
    slow:  tag "slow" if subject =~ /^(x+x+)+[yz]$/
}
END
for setting in 'sasl_domain = example.org' 'host = mx1.example.org' 'timezone = UTC'; do
	sluiced_set one "$setting"
done
cp -r "$T/one" "$T/two"
sed -i "s|$T/one|$T/two|; s/^host = .*/host = mx2.example.org/" "$T/two/sluice.conf"
# shellcheck disable=SC2154 # a file, named by sluiced.sh
echo two >> "$sluiced_all"
sluiced_start one
sluiced_start two
mta_start mail "$(sluiced_milter one)"
first_submission=$SUBMISSION
mta_start other "$(sluiced_milter two)"
tool_conf=$T/one/sluice.conf
send() { # PORT LOGIN ADDRESS RECIPIENTS [LOCAL]
	smtp "$1" --client "$3" --login "$2" 'EHLO a.example' \
		"MAIL FROM:<$2@example.org>" "@repeat $4 RCPT TO:<${5:-b%d}@example.net>" \
		DATA 'Subject: x' '' 'Body.' . QUIT
}
ref() { # of the last reply that has one
	printf '%s\n' "$SMTP" | sed -n 's/.*(ref \([^)]*\)).*/\1/p' | tail -n 1
}

timeout 120 "$BUILD/sluice" -c "$tool_conf" tail --json \
	< /dev/null > "$T/tail" 2> "$T/tail.err" &
at_exit "kill $! 2> /dev/null"
cat > "$T/note" <<END
#!/bin/sh
cat >> "$T/noted"
END
chmod +x "$T/note"
timeout 120 "$BUILD/sluice" -c "$tool_conf" tail event=crossing --run "$T/note" \
	< /dev/null > "$T/tail2" 2> "$T/tail2.err" &
at_exit "kill $! 2> /dev/null"
wait_for 5 redis_has_waiting 2 || bail "no two tails wait"

send "$first_submission" anna 192.0.2.7 3
like "three of four recipients pass" "$CODES" '250 250 250 354 250 221$'
run 0 "user" user anna
is "  may send the fourth" "$(printf '%s\n' "$OUT" | head -n 1)" \
	'anna@example.org may now send to 1 more recipient (user-pace: 3 of 4 recipients in 1h).'
like "  a day's limit is counted, too" "$OUT" '^user-day +anna@example\.org +recipients/daily +3/100 +3% +now$'
like "  and networks" "$OUT" '^user-nets +anna@example\.org +distinct/1d +1/2 +50% +now$'
send "$SUBMISSION" anna 192.0.2.7 2
like "the fifth waits, on another host" "$CODES" '250 450 354 250 221$'
refused=$(ref)
run 0 "user" user anna
like "  waits, too" "$(printf '%s\n' "$OUT" | head -n 1)" \
	'^anna@example\.org waits until .* \(in 1 h( [0-9] min)?\): user-pace is over, 4 of 4 recipients in 1h\.$'
known() {
	"$BUILD/sluice" -c "$tool_conf" why "$refused" > "$T/why"
}
ok "its reference is known" wait_for 5 known
OUT=$(cat "$T/why")
like "  stage and verdict" "$OUT" 'tempfail 450 at rcpt$'
like "  which host" "$OUT" '^  host +mx2'
like "  rule and line" "$OUT" '^  rule +pace \(.*test\.rules:10\)$'
like "  the rule itself" "$OUT" '^ +pace: +tempfail 450 4\.7\.1 "enough, free \$\{limit\.until\}"$'
like "  what was counted" "$OUT" '^ +before [34], then 4 of 4 in 1h$'
like "  the reply as it was sent" "$OUT" "^  reply +enough, free .*\(ref $refused\)$"
like "  whom it met" "$OUT" '^  user +anna@example\.org$'
run 0 "in capital letters" why "$(printf '%s' "$refused" | tr 'a-z' 'A-Z')"
run 0 "user" user anna
like "  shows the refusal" "$OUT" "ago\) +$refused +tempfail 450 at rcpt +pace +enough"
send "$first_submission" bob 192.0.2.9 1 odd
like "an observed rule refuses nothing" "$CODES" '250 354 250 221$'
seen() {
	"$BUILD/sluice" -c "$tool_conf" user bob |
		grep -q 'would reject 550 at rcpt  *maybe'
}
ok "  but is shown" wait_for 5 seen

hot() {
	"$BUILD/sluice" -c "$tool_conf" top --once | grep -q '^user-pace  *anna@example.org .*4/4 .*over until'
}
ok "top has who is over" wait_for 5 hot
run 0 "counters --over" counters --over
like "  does, too" "$OUT" '^user-pace +anna@example\.org +recipients/1h +4/4 +100% +.*\(in '
unlike "  and nobody else" "$OUT" 'bob'
run 0 "counters --over --json" counters --over --json
json_ok "  is JSON" '[r["key"] for r in it if r["limit"] == "user-pace"] == ["anna@example.org"]'

run 0 "grant" grant user-pace anna x5 for 1h reason "a list"
sleep 2.1
send "$SUBMISSION" anna 192.0.2.7 2
like "  helps on every host" "$CODES" '250 250 354 250 221$'
run 0 "counters of a key" counters user-pace anna
like "  with the grant's number" "$OUT" '6/20'
like "  and why" "$OUT" 'granted x5 \(20/1h\) until .*: a list'
run 0 "grant off" grant user-pace anna off
run 0 "reset" reset user-pace anna
sleep 2.1
send "$SUBMISSION" anna 192.0.2.7 1
like "  begins again" "$CODES" '250 354 250 221$'

send "$first_submission" carol 192.0.2.1 1
send "$first_submission" carol 192.0.2.2 1
send "$first_submission" carol 192.0.2.3 1
send "$SUBMISSION" carol 192.0.2.1 1
like "a third network locks" "$CODES" '550'
run 0 "user" user carol
like "  is told so" "$(printf '%s\n' "$OUT" | head -n 1)" \
	'^carol@example\.org is locked by user-nets until .*\(in 2 h\)'
run 0 "reset" reset user-nets carol
sleep 2.1
send "$SUBMISSION" carol 192.0.2.1 1
like "  unlocks" "$CODES" '250 354 250 221$'

run 0 "table add" table add suspects carol for 1h reason "odd mail"
send "$SUBMISSION" carol 192.0.2.1 1
like "  is in force at once" "$CODES" '550'
run 0 "user" user carol
like "  tells of it first" "$(printf '%s\n' "$OUT" | head -n 1)" 'is refused, being in table suspects, by rule sus'
run 0 "observe" observe sus for 1h reason "by mistake"
sleep 2
send "$SUBMISSION" carol 192.0.2.1 1
like "  is in force on all hosts within 2 s" "$CODES" '250 354 250 221$'
run 0 "enforce" enforce sus
sleep 2
send "$first_submission" carol 192.0.2.1 1
like "  is, too" "$CODES" '550'

differ() {
	"$BUILD/sluice" -c "$tool_conf" hosts > "$T/hosts"
}
ok "both hosts are alike" wait_for 15 differ
like "  by name" "$(cat "$T/hosts")" '^mx2.*UTC'
echo 'on mail { other: log "x" if bounce }' > "$T/two/rules/other.rules"
sluiced_reload two
differs() {
	! differ && grep -Eq '^mx[12].* \*' "$T/hosts"
}
ok "one with other rules is marked" wait_for 15 differs

smtp "$first_submission" --login dora 'EHLO a.example' 'MAIL FROM:<dora@example.org>' \
	'RCPT TO:<b@example.net>' DATA "Subject: $(printf '%060d' 0 | tr 0 x)" '' . QUIT
hits() {
	"$BUILD/sluice" -c "$tool_conf" stats > "$T/stats" &&
		grep -Eq '^pace +tempfail +[1-9]' "$T/stats" &&
		grep -Eq '^maybe +would reject +1 ' "$T/stats" &&
		grep -Eq '^slow +no answer: regex-limit +1 ' "$T/stats"
}
ok "stats have hits, would-have hits, and patterns that ran into a limit" wait_for 15 hits
like "  those of a rule that was observed for a while, too" "$(cat "$T/stats")" 'sus +would reject'
ok "tail showed it all as JSON" python3 -c '
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
kinds = {e["event"] for e in events}
assert kinds == {"verdict", "crossing", "operator"}, kinds
did = [e["did"] for e in events if e["event"] == "operator"]
assert did == ["grant", "revoke", "reset", "reset", "table-add", "observe", "enforce"], did
refused = [e for e in events if e["event"] == "verdict" and e["rule"] == "pace"]
assert refused and refused[0]["host"].startswith("mx2") and refused[0]["code"] == 450, refused
' "$T/tail"
ok "and a program was told of crossings" python3 -c '
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
got = [(e["crossing"], e["limit"], e["key"]) for e in events]
assert ("over", "user-pace", "anna@example.org") in got, got
assert ("locked", "user-nets", "carol@example.org") in got, got
assert got.count(("over", "user-pace", "anna@example.org")) == 1, got
' "$T/noted"
done_testing
