#!/bin/sh
# What the daemon writes beside the counts: refusals and crossings as events,
# hits of rules, hot keys and the host itself; and switches that it reads.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
rules() {
	cat <<-'END'
		limit pace 5/1h recipients by sasl.user
		on mail { watch: observe reject 550 5.7.1 "would not" if mail.from == "watched@example.org" }
		on mail { mark: tag "marked", log "marked" if mail.from == "watched@example.org" }
		on rcpt {
			nobody: reject 550 5.7.1 "Nobody ${rcpt.to}" if rcpt.to =~ /^nobody/
			pace:   tempfail 450 4.7.1 "enough" if over pace
		}
	END
}
rules | sluiced_make one
rules | sluiced_make two
sluiced_set one 'host = mx-one'
sluiced_set one 'timezone = Europe/Berlin'
sluiced_set two 'timezone = Europe/Berlin'
sluiced_set two 'host = mx-two'
sluiced_start one
sluiced_start two
mta_start first "$(sluiced_milter one)"
mx_one=$MX submission_one=$SUBMISSION
mta_start second "$(sluiced_milter two)"
mx_two=$MX submission_two=$SUBMISSION

events() { # each on a line, oldest first: name=value|…
	rcli --json xrange sluice:events - + | python3 -c '
import json, sys
for id, fields in json.load(sys.stdin):
    pairs = zip(fields[::2], fields[1::2])
    print("|".join(n + "=" + v for n, v in pairs) + "|")'
}
has_event() { # ERE
	events | grep -Eq -- "$1"
}
n_events() { # ERE
	events | grep -Ec -- "$1"
}

smtp_send "$submission_one" anna a@example.org b@example.net
like "a mail passes" "$CODES" '354 250 221$'
smtp_send "$mx_one" '' a@example.org nobody@example.net b@example.net
like "a recipient is refused" "$CODES" '550 250 354 250 221$'
ref=$(printf '%s\n' "$SMTP" | sed -n 's/.*(ref \([^)]*\)).*/\1/p')
ok "its event is there within two seconds" wait_for 2 has_event "ref=$ref\|"
event=$(events | grep "ref=$ref|")
for field in event=verdict host=mx-one stage=rcpt action=reject code=550 \
	rule=nobody text=Nobody.nobody@example.net client=192.0.2.7 \
	from=a@example.org rcpt=nobody@example.net fact.rcpt.to=nobody@example.net; do
	like "  it says $field" "$event" "(^|\\|)$field"
done
like "  and where the rule stands" "$event" '\|at=[^|]*test\.rules:5\|'
is "what was accepted is no event" "$(n_events '.')" 1
smtp_send "$mx_one" '' a@example.org nobody1@example.net \
	nobody2@example.net nobody3@example.net
is "the same again is not told at once" "$(n_events 'rule=nobody')" 1
told_are() { # N: so many refusals of the rule at mx-one, in fewer events
	events | grep 'host=mx-one|.*rule=nobody|' | awk -v want="$1" '
		!match($0, /[|]repeats=[0-9]+/) { told++; next }
		{ told += substr($0, RSTART + 9, RLENGTH - 9) }
		END { exit told != want || NR >= want }'
}
ok "but soon, gathered" wait_for 5 told_are 4 || events | diag
smtp_send "$mx_two" '' a@example.org nobody@example.net
ok "another host tells of its own" wait_for 2 has_event 'host=mx-two\|'
smtp_send "$mx_one" '' watched@example.org b@example.net
like "an observed refusal passes" "$CODES" '354 250 221$'
ok "and is an event" wait_for 2 has_event 'observed=yes\|.*rule=watch\|'

smtp_send "$submission_one" anna a@example.org b1@example.net b2@example.net \
	b3@example.net b4@example.net b5@example.net
like "a limit fills and is over" "$CODES" '250 250 250 250 450 354 250 221$'
ok "near it is told" wait_for 2 has_event 'crossing=near\|limit=pace\|key=anna\|used=[45]\|max=5\|window=1h'
ok "over it, too" wait_for 2 has_event 'crossing=over\|limit=pace\|key=anna\|'
is_hot() {
	[ "$(rcli zrange sluice:hot:pace 0 -1)" = anna ]
}
ok "its key is hot" wait_for 2 is_hot
ok "the refusal knows the limit" \
	wait_for 2 has_event 'rule=pace\|.*limit=pace\|key=anna\|used=5\|max=5\|window=1h\|before=[0-9]+\|retry=[0-9]+\|'

hits_are() { # N RULE ACTION
	[ "$(rcli hget "sluice:rule:$2" "$day.$3")" = "$1" ]
}
# The day is that of the daemon's time zone.
day=$(TZ=Europe/Berlin date +%F)
ok "hits of a rule are counted, with its repeats, from both hosts" \
	wait_for 5 hits_are 5 nobody reject ||
	rcli hgetall sluice:rule:nobody | diag
ok "would-have hits apart" wait_for 5 hits_are 1 watch would-reject
ok "rules that decide nothing are counted, too" wait_for 5 hits_are 1 mark tag
host() { # NAME FIELD
	rcli hget "sluice:host:$1" "$2"
}
is_host() {
	[ "$(host "$1" "$2")" = "$3" ]
}
ok "a host says what it runs" wait_for 5 is_host mx-one pid "$(sluiced_pid one)"
is "  in which time zone" "$(host mx-one timezone)" Europe/Berlin
like "  by which rules" "$(host mx-one rules)" '^[0-9a-f]{12}$'
is "  the same as the other" "$(host mx-one rules)" "$(host mx-two rules)"
is "  in which mode" "$(host mx-two mode)" enforce
sluiced_set two 'mode = observe'
sluiced_reload two
ok "after a reload it says so soon" wait_for 3 is_host mx-two mode observe

smtp_send "$mx_one" '' a@example.org nobody8@example.net \
	nobody9@example.net
sluiced_stop one
ok "what was gathered is written at the end" \
	has_event 'host=mx-one\|.*rcpt=nobody[89]@example.net\|' || events | diag
for key in $(rcli --scan); do
	case $key in
	sluice:events | sluice:hosts | sluice:rules | sluice:observe) ;;
	*) at_least "$key expires" "$(rcli ttl "$key")" 1 ;;
	esac
done
done_testing
