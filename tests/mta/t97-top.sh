#!/bin/sh
# sluice top: live, in a terminal of its own.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/tool.sh"

redis_start
tool_make <<'END'
limit user-pace 20/1m, 200/1h recipients by sasl.user
limit user-nets 6/1d distinct client.ip by sasl.user locks 4h
on rcpt { pace: tempfail "wait" if over user-pace or over user-nets }
END
slots user-pace anna@example.org recipients 1m 60 20 20
slots user-pace bob@example.org recipients 1m 60 17 20
slots user-pace warm@example.org recipients 1m 60 12 20
slots user-pace cold@example.org recipients 1m 60 3 20
rcli set 'sluice:lock:user-nets:{eve@example.org}' \
	"until=$(($(date +%s) + 600)) reason=\"7 of 6 distinct in 1d\" by=mx1" > /dev/null
rcli zadd sluice:hot:user-pace "$(now_ms)" anna@example.org "$(now_ms)" bob@example.org \
	"$(now_ms)" warm@example.org "$(now_ms)" cold@example.org "$(now_ms)" gone@example.org > /dev/null
rcli zadd sluice:hot:user-nets "$(now_ms)" eve@example.org > /dev/null
rcli config resetstat > /dev/null

run 0 "top --once" top --once
is "  the worst first" "$(printf '%s\n' "$OUT" | awk 'NR > 1 { print $2 }' | tr '\n' ' ')" \
	'eve@example.org anna@example.org bob@example.org '
like "  locked" "$OUT" 'eve@example\.org .*locked until .*\(in 10m\)$'
like "  over" "$OUT" 'anna@example\.org +recipients/1m +20/20 +100% +over until .*\(in [0-9]+[sm]\)$'
like "  near" "$OUT" 'bob@example\.org +recipients/1m +17/20 +85% +near$'
is "  what has cooled down is dropped" "$(rcli zrange sluice:hot:user-pace 0 -1 | sort | tr '\n' ' ')" \
	'anna@example.org bob@example.org warm@example.org '
is "  without a search through the store" "$(redis_calls scan) $(redis_calls keys)" '0 0'
run 0 "top without a terminal" top
like "  shows it once" "$OUT" 'anna@example\.org'
run 0 "top of a limit" top user-nets
unlike "  no other" "$OUT" 'user-pace'
run 0 "top --json" top --json
json_ok "  is JSON" 'len(it) == 3 and it[0]["locked_until"] and it[1]["percent"] == 100'
run 1 "top of a limit that is not there" top user-pase
like "  names the nearest" "$ERR" "did you mean 'user-pace'"

# term ROWS COLUMNS STEP...: $SCREEN, and what terminal.py says of it
term() {
	SCREEN=$(timeout 30 python3 "$TOP/tests/lib/terminal.py" "$@" -- \
		"$BUILD/sluice" -c "$tool_conf" top 2>&1)
}
fine='restored=yes screens=1/1 cursor=1/1 cleared=0'
facts() {
	printf '%s\n' "$SCREEN" | grep -E '^(restored|screens|cursor|cleared)=' | tr '\n' ' ' | sed 's/ $//'
}
term 24 100 1.5 'key q'
like "in a terminal: a line of sums" "$SCREEN" '^sluice top .* 1 locked, 1 over, 1 near '
like "  and the keys" "$SCREEN" '^user-pace +anna@example\.org .*over until'
like "  q ends it well" "$SCREEN" '^status=0$'
is "  the terminal is as it was, nothing flickered" "$(facts)" "$fine"
term 5 30 0.7 'key q'
is "a small terminal: each line is cut" "$(printf '%s\n' "$SCREEN" | grep -v = | awk 'length > 30' | wc -l)" 0
is "  there are as many as have room" "$(printf '%s\n' "$SCREEN" | grep -cv =)" 5
term 5 30 0.7 'size 24 100' 0.7 'key q'
like "a terminal that grows is used" "$SCREEN" '^user-pace +bob@example\.org .*near$'
(
	sleep 1
	rcli set 'sluice:lock:user-nets:{dora@example.org}' "until=$(($(date +%s) + 600)) reason=\"x\" by=mx1"
	rcli zadd sluice:hot:user-nets "$(now_ms)" dora@example.org
) > /dev/null &
term 24 100 3 'key q'
like "it is live" "$SCREEN" '2 locked'
for end in 'key \x03' 'signal TERM' 'signal HUP'; do
	term 24 80 0.7 "$end"
	is "$end: the terminal is as it was" "$(facts)" "$fine"
	like "  and it ends well" "$SCREEN" '^status=0$'
done
term 24 80 0.7 'signal ABRT'
is "even a bug gives the terminal back" "$(facts)" "$fine"
redis_kill
term 24 100 1 'key q'
like "without Redis it says so, and stays" "$SCREEN" 'the store cannot be asked'
is "  and gives the terminal back" "$(facts)" "$fine"
done_testing
