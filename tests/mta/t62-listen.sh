#!/bin/sh
# Where it listens: inet, inet6, unix with mode and group; a stale socket is
# replaced; SIGTERM leaves none behind.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"

make() {
	sluiced_make "$1" <<-'END'
		on rcpt { r: reject 550 5.7.1 "no" if rcpt.to == "x@example.net" }
	END
}
answers() { # ADDRESS
	timeout 10 python3 "$TOP/tests/lib/milter.py" "$1" \
		'connect h.example 192.0.2.1' 'helo h' 'mail <a@example.org>' \
		'rcpt <x@example.net>' 2>&1 | grep -q '^rcpt: reply 550 5.7.1 no'
}

make inet
port=$(free_port)
sluiced_set inet "listen = inet:$port@127.0.0.1"
sluiced_start inet
ok "inet" answers "127.0.0.1:$port"
is "on that address only" "$(ss -Htln "sport = :$port" | awk '{ print $4 }')" \
	"127.0.0.1:$port"
make inet6
port=$(free_port)
sluiced_set inet6 "listen = inet6:$port@::1"
sluiced_start inet6
ok "inet6" answers "[::1]:$port"

make unix
sluiced_start unix
ok "unix" answers "$T/unix/sock"
is "mode and group are as configured" "$(stat -c '%a %G' "$T/unix/sock")" "660 postfix"
make wide
sluiced_set wide 'socket_mode = 0666'
sluiced_start wide
is "another mode" "$(stat -c '%a' "$T/wide/sock")" 666

kill -KILL "$(sluiced_pid unix)"
wait_for 5 is_gone "$(sluiced_pid unix)"
ok "a killed daemon leaves its socket" test -S "$T/unix/sock"
sluiced_start unix
ok "which the next one replaces" answers "$T/unix/sock"
sluiced_stop unix
sluiced_start unix
ok "and after an orderly end it starts as well" answers "$T/unix/sock"
done_testing
