#!/bin/sh
# A Redis where Sluice may do only what contrib/redis/users.acl allows, with the
# password in a file: daemon and tool work, Redis denies nothing of what they
# ask, and all else is out of their reach.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

port=$(free_port)
mkdir -p "$T/redis"
{
	echo 'user default off'
	redis_user pa55-w0rd
} > "$T/redis/users.acl"
# An operator's own user, to look from outside
echo 'user root on nopass allkeys allchannels +@all' >> "$T/redis/users.acl"
redis-server --port "$port" --bind 127.0.0.1 --dir "$T/redis" --save '' \
	--aclfile "$T/redis/users.acl" --logfile "$T/redis/log" \
	< /dev/null > /dev/null 2>&1 &
redis_pid=$!
# shellcheck disable=SC2317 # called at the exit
end_redis() {
	end_process $redis_pid 2
}
at_exit end_redis
wait_for 10 is_listening "$port" ||
	bail "no Redis: $(tail -n 5 "$T/redis/log")"
as_root() {
	timeout 5 redis-cli -p "$port" --user root --pass any --no-auth-warning "$@"
}
as_sluice() {
	timeout 5 redis-cli -p "$port" --user sluice --pass pa55-w0rd \
		--no-auth-warning "$@" 2>&1
}

SLUICED_STORE=redis://sluice@127.0.0.1:$port/2
sluiced_make daemon <<'END'
table suspects string redis
limit pace  3/1h, 20 daily recipients by mail.from locks 5m
limit nets  2/1d distinct helo.name by mail.from
limit size  10M/1h bytes by mail.from
on rcpt {
	pace:  tempfail 450 4.7.1 "enough" if over pace
}
on message {
	nets: observe reject "too many names" if over nets
	size: tempfail "too much" if over size
}
END
printf 'pa55-w0rd\n' > "$T/daemon/password"
chmod 600 "$T/daemon/password"
sluiced_set daemon "store_password_file = $T/daemon/password"
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"
conf=$T/daemon/sluice.conf
send() { # HELO
	smtp "$MX" "EHLO $1" 'MAIL FROM:<anna@example.org>' \
		'RCPT TO:<b@example.net>' DATA 'Subject: x' '' 'Body.' . QUIT
}
send a.example
is "mail flows" "$CODES" "220 250 250 250 354 250 221"
send b.example
send c.example
send d.example
is "limits count" "$CODES" "220 250 250 450 $(expect_of \
	postfix=554 sendmail=503) 221"
like "in the database of the URL" "$(as_root -n 2 --scan)" \
	'^sluice:limit:pace:\{anna@example\.org\}$'

ok "counters" sluice -c "$conf" counters
ok "counters of a key" sluice -c "$conf" counters pace anna@example.org
ok "grant" sluice -c "$conf" grant pace anna@example.org x5 for 1h reason "a test"
ok "grants" sluice -c "$conf" grants
ok "user" sluice -c "$conf" user anna@example.org
ok "reset" sluice -c "$conf" reset pace anna@example.org
ok "table add" sluice -c "$conf" table add suspects eve@example.org for 1h
ok "table list" sluice -c "$conf" table list suspects
ok "table remove" sluice -c "$conf" table remove suspects eve@example.org
ok "observe" sluice -c "$conf" observe pace for 1h reason "a test"
ok "enforce" sluice -c "$conf" enforce pace
ok "stats" sluice -c "$conf" stats
ok "hosts" sluice -c "$conf" hosts
ok "top" sluice -c "$conf" top --once
sluice -c "$conf" why nothing-of-this-name > /dev/null 2>&1
# Hits, hosts and events are written every few seconds.
has_written() {
	[ "$(as_root -n 2 exists sluice:events sluice:hosts sluice:rules)" = 3 ]
}
ok "events, hosts and hits are written" wait_for 20 has_written
is "Redis denied nothing of it" \
	"$(as_root acl log | grep -cx 'sluice')" 0
as_root acl log | head -n 40 | diag
unlike "nor does the log tell of it" "$(sluiced_log daemon)" 'NOPERM|NOAUTH'
unlike "the password is in no log" "$(sluiced_log daemon)" 'pa55'

like "other keys are out of reach" "$(as_sluice get other)" NOPERM
like "so is emptying" "$(as_sluice flushall)" NOPERM
like "and configuring" "$(as_sluice config get '*')" NOPERM
like "without a password there is nothing" \
	"$(timeout 5 redis-cli -p "$port" get sluice:events 2>&1)" NOAUTH
done_testing
