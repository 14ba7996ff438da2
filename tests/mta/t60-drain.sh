#!/bin/sh
# SIGTERM: what is open is answered, refunds reach Redis, and it is over within
# five seconds, with idle connections and hanging clients around.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
rules() {
	cat <<-'END'
		limit pace 100/1h recipients by mail.from
		on rcpt { pace: tempfail 450 4.7.1 "enough" if over pace }
		on message { word: reject 550 5.7.1 "word" if body.raw =~ /refuse/ }
	END
}
rules | sluiced_make daemon
sluiced_start daemon
socket=$(sluiced_address daemon)
# In the background only: exec, so that $! is what a kill ends.
milter() {
	exec timeout 60 python3 "$TOP/tests/lib/milter.py" "$socket" "$@"
}

# One in the middle of a message that never ends, one idle, one that ends its
# message half a second after the signal.
milter 'connect h.example 192.0.2.1' 'helo a' 'mail <open@example.org>' \
	'rcpt <a@example.net>' 'rcpt <b@example.net>' hang > "$T/open" 2>&1 &
open=$!
milter 'connect h.example 192.0.2.1' 'helo a' hang > "$T/idle" 2>&1 &
idle=$!
milter 'connect h.example 192.0.2.1' 'helo a' 'mail <ends@example.org>' \
	'rcpt <a@example.net>' data eoh 'body x' 'sleep 1.5' end > "$T/ends" 2>&1 &
ends=$!
ok "an open message is charged" wait_for 5 slots_are 2 pace open@example.org recipients.1h
ok "another one, too" wait_for 5 slots_are 1 pace ends@example.org recipients.1h
sleep 0.5
before=$(now_ms)
pid=$(sluiced_pid daemon)
sluiced_stop daemon
took=$(($(now_ms) - before))
at_most "SIGTERM: it is over within five seconds (ms)" $took 5500
is "with status 0" "${SLUICED_STATUS:-none}" 0
wait $ends
like "the message that ended meanwhile was answered" "$(cat "$T/ends")" \
	'^end: (continue|accept)'
kill $open $idle
ok "what was open is given back" wait_for 2 slots_are 0 pace open@example.org recipients.1h
is "what was accepted is not" "$(slots pace ends@example.org recipients.1h)" 1
ok "the process is gone" is_gone "$pid"

# With nothing open there is nothing to wait for.
rules | sluiced_make second
sluiced_start second
before=$(now_ms)
sluiced_stop second
at_most "with nothing open it is over at once (ms)" $(($(now_ms) - before)) 5500
is "with status 0 again" "${SLUICED_STATUS:-none}" 0

# Redis away must not hold it up.
rules | sluiced_make third
sluiced_start third
socket=$(sluiced_address third)
milter 'connect h.example 192.0.2.1' 'helo a' 'mail <open@example.org>' \
	'rcpt <a@example.net>' hang > "$T/open" 2>&1 &
open=$!
wait_for 5 grep -q '^rcpt' "$T/open"
redis_pause
before=$(now_ms)
sluiced_stop third
at_most "a hanging Redis does not hold it up (ms)" $(($(now_ms) - before)) 6500
is "status 0 all the same" "${SLUICED_STATUS:-none}" 0
kill $open
done_testing
