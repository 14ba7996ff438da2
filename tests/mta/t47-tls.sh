#!/bin/sh
# Redis over TLS: through stunnel as contrib/stunnel says, which works
# everywhere; and by rediss:// where hiredis was built with SSL. Where it was
# not (Debian 12), rediss:// is refused with a message that names stunnel.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/tls.sh"

tls_certificates
redis_tls_start
tunnel=$(free_port)
STUNNEL_PID=

# tunnel_start HOST AUTHORITY: contrib's file with our places in it
tunnel_start() {
	mkdir -p "$T/stunnel"
	{
		printf '%s\n' 'foreground = yes' "pid = $T/stunnel/pid"
		sed "s|^accept = .*|accept = 127.0.0.1:$tunnel|
			s|^connect = .*|connect = 127.0.0.1:$TLS_PORT|
			s|^CAfile = .*|CAfile = $T/tls/$2.crt|
			s|^checkHost = .*|checkHost = $1|" \
			"$TOP/contrib/stunnel/redis.conf"
	} > "$T/stunnel/redis.conf"
	stunnel4 "$T/stunnel/redis.conf" \
		< /dev/null > "$T/stunnel/log" 2>&1 &
	STUNNEL_PID=$!
	wait_for 10 is_listening "$tunnel" ||
		bail "no stunnel: $(tail -n 5 "$T/stunnel/log")"
}
tunnel_kill() {
	[ -n "$STUNNEL_PID" ] || return 0
	kill -KILL "$STUNNEL_PID" 2>/dev/null
	wait "$STUNNEL_PID" 2>/dev/null
	STUNNEL_PID=
}
at_exit tunnel_kill

tls_slots() { # WHO
	tls_cli hget "sluice:limit:tight:{$1@example.org}" recipients.1h |
		sed 's|/.*||' | grep . || echo 0
}
send() { # WHO
	smtp "$MX" 'EHLO a.example' "MAIL FROM:<$1@example.org>" \
		'@repeat 3 RCPT TO:<b%d@example.net>' DATA 'Subject: x' '' x . QUIT
}
good="220 250 250 250 250 450 354 250 221"

# --- stunnel -----------------------------------------------------------------
tunnel_start localhost ca
SLUICED_STORE=redis://127.0.0.1:$tunnel/0
sluiced_make daemon <<'END'
limit tight 2/1h recipients by mail.from if mail.from.local != "many"
limit many 1M/1h recipients by mail.from if mail.from.local == "many"
on rcpt {
	tight: tempfail 450 4.7.1 "enough" if over tight or over many
}
END
sluiced_set daemon 'store_timeout = 300ms'
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"
send anna
is "through stunnel limits hold" "$CODES" "$good"
is "and are counted in the Redis behind it" "$(tls_slots anna)" 2

sluiced_mark daemon
tunnel_kill
send bert
is "without stunnel this process counts" "$CODES" "$good"
is "one line tells so" "$(sluiced_since daemon | grep -Ec 'store .* is away')" 1
tunnel_start localhost ca
is_used() {
	send "new$1"
	[ "$(tls_slots "new$1")" = 2 ]
}
ok "with stunnel again Redis is used by itself" wait_for 10 is_used 1

tunnel_refuses() {
	grep -Eq 'CERT: .*(failed|error)|certificate verify failed' \
		"$T/stunnel/log"
}
for wrong in 'other.example ca' 'localhost stranger'; do
	tunnel_kill
	# shellcheck disable=SC2086 # two words
	tunnel_start $wrong
	send "${wrong#* }"
	ok "stunnel refuses a Redis that nobody vouches for ($wrong)" \
		wait_for 10 tunnel_refuses
	is "and it counts nothing" \
		"$CODES $(tls_slots "${wrong#* }")" "$good 0"
done
tunnel_kill
sluiced_stop daemon

# --- rediss:// ---------------------------------------------------------------
use() { # URL
	sluiced_set daemon "store = $1"
	"$BUILD/sluiced" -n -c "$T/daemon/sluice.conf" > "$T/check" 2>&1
}

if ! use "rediss://127.0.0.1:$TLS_PORT/0?ca=$T/tls/ca.crt" &&
	grep -q 'hiredis_ssl' "$T/check"; then
	like "rediss:// names stunnel where hiredis has no SSL" \
		"$(cat "$T/check")" 'stunnel4'
	like "and what store should be" "$(cat "$T/check")" \
		'redis://127.0.0.1:PORT/0'
	unlike "whatever else is wrong" "$(cat "$T/check")" 'Redis.*answers'
	done_testing
fi

start_with() { # URL
	use "$1" || bail "$(cat "$T/check")"
	sluiced_start daemon
	sluiced_mark daemon
}
works() { # NAME WHO
	send "$2"
	is "$1" "$CODES $(tls_slots "$2")" "$good 2"
}
is_refused() { # NAME WHO WHY
	send "$2"
	is "$1" "$CODES $(tls_slots "$2")" "$good 0"
	like "and the log says why" "$(sluiced_since daemon)" "is away \(.*$3"
}

start_with "rediss://127.0.0.1:$TLS_PORT/0?ca=$T/tls/ca.crt"
works "rediss:// to an address" dave
got=$(load "$MX" --clients 8 --messages 20 --recipients 2 \
	--from '<many@example.org>')
is "under load" "$(count end_250 "$got")" 160
is "nothing is lost or counted twice" "$(tls_cli hget \
	'sluice:limit:many:{many@example.org}' recipients.1h | sed 's|/.*||')" 320
sluiced_mark daemon
redis_tls_kill
send erin
is "without Redis this process counts" "$CODES" "$good"
redis_tls_start
ok "and Redis is used again by itself" wait_for 10 is_used 2
sluiced_stop daemon

start_with "rediss://localhost:$TLS_PORT/0?ca=$T/tls/ca.crt"
works "rediss:// to a name" frank
sluiced_stop daemon

start_with "rediss://127.0.0.1:$TLS_PORT/0?ca=$T/tls/stranger.crt"
is_refused "an authority that we do not trust" grace 'verify failed|certificate'
sluiced_stop daemon
start_with "rediss://127.0.0.1:$TLS_PORT/0"
is_refused "nor does the system" heidi 'verify failed|certificate'
sluiced_stop daemon

redis_tls_kill
redis_tls_start other
start_with "rediss://127.0.0.1:$TLS_PORT/0?ca=$T/tls/ca.crt"
is_refused "a certificate of another host" ivan 'mismatch'
sluiced_stop daemon

redis_tls_kill
redis_tls_start server --tls-auth-clients yes --requirepass 'pa@ss'
files="ca=$T/tls/ca.crt&cert=$T/tls/client.crt&key=$T/tls/client.key"
start_with "rediss://:pa%40ss@127.0.0.1:$TLS_PORT/0?$files"
send judy
is "with a certificate of ours, and a password" "$CODES" "$good"
unlike "Redis is content" "$(sluiced_since daemon)" 'is away'
sluiced_stop daemon

ok "a file that is no certificate is told before the start" \
	eval '! use "rediss://127.0.0.1/0?ca=$T/check"'
like "with its name" "$(cat "$T/check")" 'ca=.*/check: '
done_testing
