#!/bin/sh
# sluice counters and reset: what stands in Redis, for people and as JSON.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit pace  3/1h, 10/1d recipients by sasl.user
limit mails 100/1h messages by mail.from, client.ip
on rcpt { pace: tempfail 450 4.7.1 "enough, free ${limit.until}" if over pace or over mails }
END
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"
conf=$T/daemon/sluice.conf
run() { # STATUS NAME ARGUMENT...: $OUT, $ERR
	run_want=$1
	run_name=$2
	shift 2
	sluice -c "$conf" "$@" > "$T/stdout" 2> "$T/stderr" < /dev/null
	run_got=$?
	OUT=$(cat "$T/stdout")
	ERR=$(cat "$T/stderr")
	[ $run_got = "$run_want" ] || printf '%s\n' "$OUT" "$ERR" | head -n 5 | diag
	is "$run_name" $run_got "$run_want"
}
send() { # LOGIN
	smtp "$SUBMISSION" --client "2001:db8:1:2:3::4" --login "$1" 'EHLO a.example' \
		'MAIL FROM:<a@example.org>' '@repeat 4 RCPT TO:<b%d@example.net>' \
		DATA 'Subject: x' '' 'Body.' . QUIT
}
send joe
like "three of four recipients pass" "$CODES" '250 250 250 450 354 250 221$'
send anna

run 0 "counters of all" counters
like "  joe's hour" "$OUT" 'pace.*joe.*3'
like "  anna's" "$OUT" 'pace.*anna.*3'
like "  of other limits, too" "$OUT" 'mails.*a@example\.org,2001:db8:1:2:'
like "  units and windows by name" "$OUT" 'recipients.*1h'
run 0 "counters of a limit" counters pace
unlike "  no other" "$OUT" 'mails'
run 0 "counters of a key" counters pace joe
like "  it is there" "$OUT" '3.*3'
unlike "  no other" "$OUT" 'anna'
run 0 "counters of a key that has none" counters pace nobody
like "  says so" "$ERR" 'nothing has been counted'

run 0 "counters of a key of all limits" counters 'a@example.org,2001:db8:1:2::1'
like "  has those that count it" "$OUT" 'mails.*a@example\.org,2001:db8:1:2:'
unlike "  and no other" "$OUT" 'pace'
run 0 "counters --near" counters --near
like "  has who is over" "$OUT" 'pace +joe +recipients/1h +3/3 +100% .*\(in '
unlike "  not who is far from it" "$OUT" '3/10|mails'
run 1 "counters of a limit that is not there" counters paec
like "  names the nearest" "$ERR" "there is no limit 'paec'; did you mean 'pace'"
run 0 "a grant of a key" grant pace fred x2 for 1h reason "a list"
run 0 "  is shown with its counters" counters pace fred
like "  with the numbers that it makes" "$OUT" '^pace +fred +recipients/1h +0/6'
like "  and why" "$OUT" '^pace: granted x2 \(6/1h, 20/1d\) until .*: a list \(by '
run 1 "a key that is none of the limit" counters mails joe
like "  says what is" "$ERR" 'mail\.from, client\.ip'
run 0 "counters --json" counters --json pace joe
printf '%s' "$OUT" > "$T/json"
ok "  that a program can read" python3 -c '
import json, sys
text = open(sys.argv[1]).read()
try:
    rows = json.loads(text)
except ValueError:
    rows = [json.loads(line) for line in text.splitlines()]
rows = rows if isinstance(rows, list) else rows.get("counters", [rows])
assert len(rows) == 2, rows
hour = [r for r in rows if "1h" in map(str, r.values()) or 3600 in r.values()][0]
values = list(hour.values())
assert values.count(3) >= 2, hour      # used and max
assert "pace" in values and "joe" in values and "recipients" in values, hour
' "$T/json"

run 0 "reset of a key" reset pace joe
is "  its key is gone" "$(rcli exists 'sluice:limit:pace:{joe}')" 0
is "  another's is not" "$(rcli exists 'sluice:limit:pace:{anna}')" 1
sleep 2.1 # so long daemons remember a denial
send joe
like "  and joe sends again" "$CODES" '250 250 250 450 354 250 221$'
run 1 "reset of a key that has none" reset pace nobody
run 1 "reset of a limit that is not there" reset pase joe
run 2 "reset without a key" reset pace
run 0 "a key as rules have it, not as Redis does" counters mails 'a@example.org,2001:db8:1:2::'
redis_kill
run 1 "counters without Redis" counters
like "  says so" "$ERR" "$REDIS_PORT|refused|away"
run 1 "reset without Redis" reset pace joe
sluiced_set daemon 'store = memory'
run 1 "counters of a store in the daemon's own memory" counters
like "  cannot be seen from outside" "$ERR" 'memory'
done_testing
