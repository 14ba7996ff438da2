#!/bin/sh
# A Redis that answers, but not as hoped: a key of a wrong type, a full memory,
# read only, a server that still loads. Mail goes on; nothing is destroyed.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit pace 2/1h recipients by mail.from
on rcpt { pace: tempfail 450 4.7.1 "enough" if over pace }
END
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"

send() { # WHO
	smtp "$MX" 'EHLO a.example' "MAIL FROM:<$1@example.org>" \
		'@repeat 3 RCPT TO:<b%d@example.net>' DATA 'Subject: x' '' 'Body.' . QUIT
}
goes_on() {
	case $CODES in *'354 250 221') ;; *) return 1 ;; esac
}

rcli set 'sluice:limit:pace:{typed@example.org}' precious > /dev/null
send typed
ok "a key of another type: mail goes on" goes_on
is "and the key is left as it was" \
	"$(rcli get 'sluice:limit:pace:{typed@example.org}')" precious
like "the log tells of it" "$(sluiced_log daemon)" 'key .* is of another type'
send other
is "others are counted as ever" "$CODES" "220 250 250 250 250 450 354 250 221"

rcli hset 'sluice:limit:pace:{junk@example.org}' recipients.1h 'no counter' > /dev/null
send junk
ok "a field that is no counter: mail goes on" goes_on

rcli config set maxmemory 1 > /dev/null
send full
ok "a full Redis: mail goes on" goes_on
rcli config set maxmemory 0 > /dev/null
works() {
	who=works$(now_ms)
	send "$who"
	[ "$(slots pace "$who@example.org" recipients.1h)" = 2 ]
}
ok "with room again it counts again" wait_for 10 works

rcli replicaof 127.0.0.1 1 > /dev/null
send readonly
ok "a replica that must not be written: mail goes on" goes_on
rcli replicaof no one > /dev/null
ok "a master again, it counts again" wait_for 10 works

rcli client kill type normal > /dev/null
ok "connections that Redis closed: the next mail is counted" works
done_testing
