#!/bin/sh
# sluice user: what support staff read out on the telephone.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/tool.sh"

redis_start
tool_make <<'END'
table vip      address { "boss@example.org 40/1m", "ceo@example.org unlimited" }
table partners cidr    { "198.51.100.0/24 x2" }
table suspects string  redis
limit user-pace 20/1m, 200/1h recipients by sasl.user override vip
limit user-day  1500 daily recipients by sasl.user
limit user-nets 6/1d distinct client.ip(24, 64) by sasl.user locks 4h
limit quiet     3/1h messages by mail.from
limit watched   3/1h messages by mail.from
limit inbox     5/1h recipients by rcpt.to
limit ip-burst  60/1m connections by client.ip override partners if not client.ip in "10.0.0.0/8"
limit pair      5/1h messages by client.ip, mail.from
on connect { burst: tempfail "slow" if over ip-burst }
on mail {
    sus:   reject "no" if sasl.user in suspects
    nets:  reject "no" if over user-nets
    two:   reject "no" if over pair
    see:   observe reject "no" if over watched
}
on rcpt {
    pace:  tempfail "wait" if over user-pace or over user-day
    full:  tempfail "full" if over inbox
}
END
first() {
	printf '%s\n' "$OUT" | head -n 1
}

run 0 "a user of whom nothing is known" user anna
is "  may send what the tightest limit allows" "$(first)" \
	'anna@example.org may now send to 20 more recipients (user-pace: 0 of 20 recipients in 1m).'
like "  all limits by a sender's address are there" "$OUT" '^user-day +anna@example\.org +recipients/daily +0/1500 +0% +now$'
like "  a limit that refuses nothing says so" "$OUT" '^quiet .*no rule refuses by it$'
like "  and one whose rule is observed" "$OUT" '^watched .*only observed$'
like "  compound keys are named" "$OUT" 'Not looked at.*: pair \(client\.ip,mail\.from\)'
unlike "  limits of other kinds of keys are not there" "$OUT" '^ip-burst'
like "  no refusals" "$OUT" '^No refusal among the last events'
is "  and looking counted nothing" "$(rcli --scan | grep -v ':generation$')" ''

slots user-pace anna@example.org recipients 1m 60 6 20
run 0 "one who has sent" user Anna@Example.org
is "  may send the rest" "$(first)" \
	'anna@example.org may now send to 14 more recipients (user-pace: 6 of 20 recipients in 1m).'
slots user-pace anna@example.org recipients 1m 60 20 20
run 0 "one who is over" user anna
like "  waits, by the clock and by a span" "$(first)" \
	'^anna@example\.org waits until [0-9:]+ \(in (6[0-9] s|1 min)\): user-pace is over, 20 of 20 recipients in 1m\.$'
run 0 "the same for programs" user --json anna
json_ok "  is JSON" 'it["user"] == "anna@example.org" and "waits until" in it["outlook"]'
json_ok "  with limits" '[l for l in it["limits"] if l["limit"] == "user-pace"][0]["over"] is True'
json_ok "  and counters" '[l for l in it["limits"] if l["limit"] == "user-pace"][0]["counters"][0]["used"] == 20'
run 0 "a grant" grant user-pace anna x5 for 4h reason "a list"
run 0 "  is seen" user anna
is "  in what may be sent" "$(first)" \
	'anna@example.org may now send to 80 more recipients (user-pace: 20 of 100 recipients in 1m).'
like "  and until when, why and by whom" "$OUT" \
	'^user-pace: granted x5 \(100/1m, 1k/1h\) until .*\(in 4h\): a list \(by .+@desk\)$'
rcli set 'sluice:lock:user-nets:{anna@example.org}' \
	"until=$(($(date +%s) + 7200)) reason=\"7 of 6 distinct in 1d\" by=mx1" > /dev/null
run 0 "one who is locked" user anna
like "  is told until when and why" "$(first)" \
	'^anna@example\.org is locked by user-nets until .*\(in 2 h\): 7 of 6 distinct in 1d\.$'
like "  and by which host" "$OUT" '^user-nets: locked until .*\(by mx1\)$'
run 0 "a table in Redis" table add suspects anna
run 0 "  by which a rule refuses" user anna
is "  comes first" "$(first | sed 's/(.*site/(site/')" \
	'anna@example.org is refused, being in table suspects, by rule sus (site.rules:14).'
run 0 "a limit by the key of its table" user boss
is "  has its rates" "$(first)" \
	'boss@example.org may now send to 40 more recipients (user-pace: 0 of 40 recipients in 1m).'
like "  and says where they are from" "$OUT" "^user-pace: its table 'vip' gives boss@example\.org 40/1m$"
run 0 "no limit by its table" user ceo
like "  is said" "$OUT" 'user-pace +ceo@example\.org +recipients/1m +0/unlimited'
slots inbox anna@example.org recipients 1h 3600 5 5
run 0 "mail to somebody" user anna
like "  has a sentence of its own" "$OUT" '^Mail to anna@example\.org waits until .*: inbox is over'
run 0 "a switched rule" observe pace for 1h reason "swamped"
run 0 "  is seen" user bob
is "  refuses nothing" "$(first)" 'bob@example.org is held back by no limit now.'
like "  by whom, until when, why" "$OUT" '^Rule pace is observed until .* by .+@desk: swamped$'

run 0 "an address" user 192.0.2.7
like "  has its limits" "$(first)" '^192\.0\.2\.7 may now open 60 more connections'
like "  with their conditions" "$OUT" '^ip-burst counts only if not client\.ip in "10\.0\.0\.0/8"$'
run 0 "an address of a table" user 198.51.100.7
like "  has its rates" "$(first)" 'may now open 120 more connections'
run 0 "an address of IPv6" user 2001:db8:1:2:3::4
like "  counts by its network" "$OUT" '^ip-burst +2001:db8:1:2::/64 '
run 0 "a compound key" user 192.0.2.7,anna
like "  is looked up" "$OUT" '^pair +192\.0\.2\.7,anna@example\.org '

event event verdict host mx1 ref 4f2a-3 queue 4Xk2p0 stage rcpt action tempfail \
	code 450 rule pace user anna@example.org from anna@example.org \
	limit user-pace key anna@example.org text 'wait (ref 4f2a-3)'
event event verdict host mx1 ref 4f2b-1 stage mail action reject observed yes \
	code 550 rule see user anna@example.org text no
event event verdict host mx1 ref 4f2c-1 stage rcpt action reject code 550 \
	rule x user bob@example.org text no
event event verdict host mx1 ref 4f2d-1 stage connect action tempfail code 421 \
	rule burst client 192.0.2.7 limit ip-burst key 192.0.2.7 text slow \
	repeats 12 refs '4f2d-1 4f2e-1'
run 0 "refusals" user anna
like "  with reference, what, rule and reply" "$OUT" \
	'\(.* ago\) +4f2a-3 +tempfail 450 at rcpt +pace +wait'
like "  observed ones are marked" "$OUT" '4f2b-1 +would reject 550 at mail +see'
unlike "  not those of others" "$OUT" '4f2[cd]'
run 0 "refusals of an address" user 192.0.2.7
like "  with repeats" "$OUT" '4f2d-1 +tempfail 421 at connect, 12 times +burst'
run 0 "terminal control in an event" user "$(printf 'x\033[2J@example.org')"
is "  never gets out" "$(printf '%s' "$OUT" | tr -cd '\033')" ''
run 2 "no key" user
run 2 "an empty key" user ''
done_testing
