#!/bin/sh
# The mail host is up before its Redis: the daemon starts, mail flows and is
# counted locally; Redis comes up and is used by itself, without a word from
# anybody. Then it is a replica for a while, and a master again.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

REDIS_PORT=$(free_port)
SLUICED_STORE=redis://127.0.0.1:$REDIS_PORT/0
sluiced_make daemon <<'END'
limit pace 3/1h recipients by mail.from
on rcpt { pace: tempfail 450 4.7.1 "enough" if over pace }
END
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"
send() { # WHO
	smtp "$MX" 'EHLO a.example' "MAIL FROM:<$1@example.org>" \
		'@repeat 4 RCPT TO:<b%d@example.net>' DATA 'Subject: x' '' 'Body.' . QUIT
}
FOUR="220 250 250 250 250 250 450 354 250 221"
changes() { # WORD: so many lines of the log tell of it
	sluiced_log daemon | grep -Ec "store .* is $1"
}

send early
is "without Redis from the start, this process counts" "$CODES" "$FOUR"
is "one line tells so" "$(changes away)" 1
sluiced_mark daemon
redis_start
ok "Redis comes up and is found" \
	wait_for 10 sluiced_says daemon 'store .* is back after'
send late
is "and counts" "$CODES" "$FOUR"
is "there" "$(slots pace late@example.org recipients.1h)" 3

rcli replicaof 127.0.0.1 1 > /dev/null
send replica
is "of a replica nothing is counted, but here" "$CODES" "$FOUR"
send replica
like "the log names the reply" "$(sluiced_log daemon)" 'is away \(READONLY'
rcli replicaof no one > /dev/null
works() {
	who=works$(now_ms)
	send "$who"
	[ "$(slots pace "$who@example.org" recipients.1h)" = 3 ]
}
ok "a master again, it counts again" wait_for 10 works
done_testing
