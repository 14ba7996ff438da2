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
	milter "$1" 'connect h.example 192.0.2.1' 'helo h' 'mail <a@example.org>' \
		'rcpt <x@example.net>' | grep -q '^rcpt: reply 550 5.7.1 no'
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

chmod 755 "$T" "$T/unix"
as() { # GROUPS SOCKET: nobody with these groups is let in
	timeout 10 setpriv --reuid=65534 --regid=65534 --groups "$1" \
		python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$2" 2> "$T/as.err"
}
group=$(getent group postfix | cut -d: -f3)
ok "who is in the group is let in" as "$group" "$T/unix/sock"
is "nobody else is" "$(as 65534 "$T/unix/sock"; grep -o 'PermissionError' "$T/as.err")" \
	PermissionError
make lost
sluiced_set lost 'socket_group = no-such-group'
timeout 10 "$BUILD/sluiced" -f -c "$T/lost/sluice.conf" < /dev/null > "$T/out" 2>&1
is "a group that is not there ends the start" $? 1
like "  and is named" "$(cat "$T/out")" "no-such-group"
make foreign
chmod 777 "$T/foreign"
timeout 10 setpriv --reuid=65534 --regid=65534 --clear-groups \
	"$BUILD/sluiced" -f -c "$T/foreign/sluice.conf" < /dev/null > "$T/out" 2>&1
is "so does one that we are not in" $? 1
like "  with what was tried" "$(cat "$T/out")" 'cannot give .*sock to group postfix: .*; only a member may: .*SupplementaryGroups='
ok "  leaving no socket with another group" test ! -e "$T/foreign/sock"

kill -KILL "$(sluiced_pid unix)"
wait_for 5 is_gone "$(sluiced_pid unix)"
ok "a killed daemon leaves its socket" test -S "$T/unix/sock"
sluiced_start unix
ok "which the next one replaces" answers "$T/unix/sock"
sluiced_stop unix
sluiced_start unix
ok "and after an orderly end it starts as well" answers "$T/unix/sock"
done_testing
