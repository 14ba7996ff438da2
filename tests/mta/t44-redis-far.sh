#!/bin/sh
# A Redis on the network: 2 ms away everything works as ever; a network that
# swallows all (no reset, no refusal) costs one store_timeout, not one for each
# mail; when it is whole again Redis is used by itself.
#
# MTA: together
. "$(dirname "$0")/../lib/mta.sh"

[ -x "$BUILD/lib/delay_proxy" ] || bail "no $BUILD/lib/delay_proxy: run make units"
redis_start
port=$(free_port)
"$BUILD/lib/delay_proxy" "$port" "$REDIS_PORT" 2000 < /dev/null > /dev/null 2>&1 &
proxy=$!
# shellcheck disable=SC2317 # called at the exit
end_proxy() {
	kill -KILL $proxy 2>/dev/null
}
at_exit end_proxy
wait_for 5 is_listening "$port" || bail "no delay_proxy"

SLUICED_STORE=redis://127.0.0.1:$port/0
sluiced_make daemon <<'END'
limit pace 1M/1h recipients by mail.from
limit tight 2/1h recipients by mail.from if mail.from.local =~ /^tight/
on rcpt {
	tight: tempfail 450 4.7.1 "enough" if over tight
	pace: tempfail 450 4.7.1 "enough" if over pace
}
END
sluiced_set daemon 'store_timeout = 300ms'
sluiced_set daemon 'store_connections = 2'
sluiced_start daemon
mta_start_together "$(sluiced_milter daemon)"

got=$(load "$MX" --clients 20 --messages 5 --recipients 2)
printf '%s\n' "$got" | diag
is "2 ms away mail flows" "$(count end_250 "$got")" 100
# One more for what nobody waits for, one for what the daemon reads by itself.
at_most "over two connections, and two of the background" \
	"$(rcli client list type normal | grep -c name=sluice)" 4
for port in "$POSTFIX_MX" "$SENDMAIL_MX"; do
	smtp "$port" 'EHLO a.example' "MAIL FROM:<tight+$port@example.org>" \
		'@repeat 3 RCPT TO:<b%d@example.net>' DATA 'Subject: x' '' x . QUIT
	is "and limits count" "$CODES" "220 250 250 250 250 450 354 250 221"
done

sluiced_mark daemon
kill -USR1 $proxy
got=$(load "$MX" --clients 20 --messages 5 --recipients 2)
printf '%s\n' "$got" | diag
is "while the network swallows all, mail flows" "$(count end_250 "$got")" 100
is "nobody is dropped" "$(count lost "$got")" 0
at_most "one wait ends by store_timeout (ms)" "$(count slowest_ms "$got")" 2500
is "one line tells so" \
	"$(sluiced_since daemon | grep -Ec 'store .* is away')" 1

sluiced_mark daemon
kill -USR2 $proxy
ok "whole again, it is used again by itself" \
	wait_for 10 sluiced_says daemon 'store .* is back after'
for port in "$POSTFIX_MX" "$SENDMAIL_MX"; do
	smtp "$port" 'EHLO a.example' "MAIL FROM:<tight+$port@example.org>" \
		'RCPT TO:<b@example.net>' QUIT
	is "with what was counted there" "$CODES" "220 250 250 450 221"
done
done_testing
