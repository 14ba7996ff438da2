#!/bin/sh
# Redis hangs (SIGSTOP): the worst outage, for connections stay open. Waits end
# by store_timeout, then cost nothing; a late answer is nobody else's.
#
# MTA: together
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit pace 1M/1h recipients by mail.from
limit tight 2/1h recipients by mail.from if mail.from.local =~ /^tight/
on rcpt {
	tight: tempfail 450 4.7.1 "enough" if over tight
	pace: tempfail 450 4.7.1 "enough" if over pace
}
END
sluiced_set daemon 'store_timeout = 300ms'
sluiced_start daemon
mta_start_together "$(sluiced_milter daemon)"

got=$(load "$MX" --clients 4 --messages 5 --recipients 2)
is "with Redis mail flows" "$(count end_250 "$got")" 20

sluiced_mark daemon
redis_pause
got=$(load "$MX" --clients 8 --messages 10 --recipients 2)
printf '%s\n' "$got" | diag
is "with Redis hanging it flows as well" "$(count end_250 "$got")" 80
is "nobody is dropped" "$(count lost "$got")" 0
at_most "one wait ends by store_timeout (ms)" "$(count slowest_ms "$got")" 2500
# 20 waits in a row would be 6 s
at_most "and later ones cost nothing (s)" \
	"$(count seconds "$got" | cut -d . -f 1)" 3
is "one line tells so" \
	"$(sluiced_since daemon | grep -Ec 'store .* is away')" 1

sluiced_mark daemon
redis_resume
is_used() {
	rcli config resetstat > /dev/null
	smtp "$POSTFIX_MX" 'EHLO a.example' 'MAIL FROM:<back@example.org>' \
		'RCPT TO:<b@example.net>' QUIT
	[ "$(redis_calls evalsha)" -gt 0 ]
}
ok "awake, it is used again by itself" wait_for 10 is_used
for port in "$POSTFIX_MX" "$SENDMAIL_MX"; do
	smtp "$port" 'EHLO a.example' "MAIL FROM:<tight+$port@example.org>" \
		'@repeat 3 RCPT TO:<b%d@example.net>' QUIT
	is "its answers are those to our questions" \
		"$CODES" "220 250 250 250 250 450 221"
done

# Hang and wake at random under load: every answer that is used is one's own,
# so nobody but "tight" is ever refused.
(
	n=0
	while [ $n -lt 12 ]; do
		redis_pause
		sleep 0.35
		redis_resume
		sleep 0.25
		n=$((n + 1))
	done
) &
flapping=$!
load "$MX" --clients 4 --messages 5 --recipients 2 --seconds 6 \
	--from '<calm@example.org>' > "$T/calm" 2>&1 &
calm=$!
tight=$(load "$MX" --clients 2 --messages 5 --recipients 2 --seconds 6 \
	--from '<tight@example.org>')
wait $calm
wait $flapping
got=$(cat "$T/calm")
printf '%s\n' "$got" | diag
is "in between nobody is refused for another's limit" "$(count rcpt_450 "$got")" 0
is "and none is dropped" "$(count lost "$got")$(count lost "$tight")" 00
at_least "while another's limit does refuse" "$(count rcpt_450 "$tight")" 10
done_testing
