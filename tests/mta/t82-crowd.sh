#!/bin/sh
# A thousand MTAs' connections at once, a thousand recipients, clients that say
# nothing more or nothing sensible: the others are served on, and a place is
# not lost for ever.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
here=$TOP/tests/mta/fidelity

sluiced_make daemon < "$here/all.rules"
sluiced_start daemon
socket=$(sluiced_address daemon)
pid=$(sluiced_pid daemon)
# Its last line must be the answer to a good conversation.
is_served() { # SOCKET
	milter "$1" 'connect a.example 192.0.2.1' 'helo h' 'mail <a@example.org>' \
		'rcpt <b@example.net>' | tail -n 1 | grep -q '^rcpt: continue$'
}

crowd=$(timeout 100 python3 "$here/crowd.py" "$socket" "$pid" 1000 2>&1)
for answer in 'offer O' 'connect continue' 'mail continue' 'rcpt continue' \
	'rcpt reply 550 5.7.1 no refuse@example.net' 'data continue' \
	'eoh continue' 'end continue'; do
	is "1,000 at once: $answer" "$(count "$answer" "$(printf '%s' "$crowd" |
		sed 's/: /=/')")" 1000
done
at_most "threads are no more than connections and a few" \
	"$(count threads "$crowd")" 1050
at_most "memory of an open message (KiB)" "$(count kib_each "$crowd")" 64
printf '%s\n' "$crowd" | tail -n 3 | diag

set --
for n in $(seq 1000); do
	set -- "$@" "rcpt <user$n@example.net>"
done
said=$(milter "$socket" 'connect a.example 192.0.2.1' 'helo h' \
	'mail <a@example.org>' "$@" 'rcpt <refuse@example.net>' data eoh end)
is "1,000 recipients: each is answered" \
	"$(printf '%s\n' "$said" | grep -c '^rcpt: continue')" 1000
like "and one more is refused" "$said" '^rcpt: reply 550'
like "and the message accepted" "$said" '^end: continue'
like "and counted" "$(sluiced_log daemon)" 'action=accept rcpts=1000 refused=1 '

said=$(timeout 60 python3 "$here/malformed.py" "$socket" 2>&1)
at_least "malformed packets" "$(count malformed "$said")" 400
is "while they hang about a good conversation is answered" \
	"$(printf '%s\n' "$said" | grep -c '^good: continue')" 4
is "the daemon is the same one" "$(sluiced_pid daemon)" "$pid"
ok "and lives" is_running "$pid"

# As many as it has idle workers stop in the middle of a packet, at once, and
# nothing else happens: the one beside them is answered all the same.
rules_of_quiet='on mail { m: reject "no" if bounce }'
echo "$rules_of_quiet" | sluiced_make quiet
sluiced_start quiet
said=$(timeout 60 python3 "$here/hold.py" "$(sluiced_address quiet)" beside 5 2>&1)
is "packets that never become whole hold up nobody else" "$said" "answered"

# "Quit, another connection follows": a second client on the same connection.
said=$(milter "$socket" 'connect a.example 192.0.2.1' 'helo h' \
	'mail <a@example.org>' 'rcpt <b@example.net>' data eoh end next \
	'connect b.example 203.0.113.9')
like "a second client on one connection of the MTA is asked about anew" \
	"$said" '^connect: reply 554'
said=$(milter --rude "$socket" 'mail <a@example.org>')
like "MAIL of an unknown client is answered, not guessed about" "$said" \
	'^mail: reply 451 4\.3\.5 The mail server did not say who connected'

# Two places, both taken by clients that say nothing more: one between two
# packets, one in the middle of one. libmilter forgets them after two hours,
# which pass in seconds here.
sluiced_make silent < "$here/all.rules"
sluiced_set silent 'max_connections = 2'
SLUICED_WRAP="env LD_PRELOAD=$BUILD/lib/hasty.so"
sluiced_start silent
SLUICED_WRAP=
silent=$(sluiced_address silent)
quiet() { # so that $! is what a kill ends
	exec timeout 60 python3 "$TOP/tests/lib/milter.py" "$silent" \
		'connect a.example 192.0.2.1' "$@" hang
}
quiet 'helo h' 'mail <a@example.org>' > "$T/between" 2>&1 &
between=$!
quiet 'raw \x00\x00\x00\x20M<a@' > "$T/within" 2>&1 &
within=$!
at_exit "kill $between $within 2>/dev/null"
wait_for 5 grep -q '^connect: continue' "$T/between" &&
	wait_for 5 grep -q '^connect: continue' "$T/within" ||
	bail "no two silent clients: $(cat "$T/between" "$T/within")"
ok "a client that says nothing more does not keep its place for ever" \
	wait_for 20 is_served "$silent"
wait_both() { # both are forgotten: two others are served at once
	milter "$silent" 'connect a.example 192.0.2.1' 'sleep 0.3' 'helo x' > "$T/one" &
	milter "$silent" 'connect a.example 192.0.2.1' 'sleep 0.3' 'helo x' > "$T/two"
	wait $!
	grep -q '^helo: continue' "$T/one" && grep -q '^helo: continue' "$T/two"
}
ok "neither of them does" wait_for 20 wait_both
done_testing
