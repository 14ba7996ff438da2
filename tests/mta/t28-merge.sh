#!/bin/sh
# Redis is away; each host counts by itself; when Redis is back what each has
# admitted is added, so that the sum is right again.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
port_one='' port_two=''
for host in one two; do
	sluiced_make $host <<-'END'
		limit pace 10/1h, 12/1d recipients by sasl.user
		on rcpt {
			pace: tempfail 450 4.7.1 "enough" if over pace
		}
	END
	sluiced_start $host
	mta_start mail-$host "$(sluiced_milter $host)"
	eval "port_$host=$SUBMISSION"
	sluiced_mark $host
done
send() { # PORT N [ENDING...]
	send_port=$1 send_n=$2
	shift 2
	[ $# -gt 0 ] || set -- DATA 'Subject: x' '' 'Body.' .
	smtp "$send_port" --client 192.0.2.7 --login joe 'EHLO a.example' \
		'MAIL FROM:<a@example.org>' "@repeat $send_n RCPT TO:<b%d@example.net>" \
		"$@" QUIT
}
send "$port_one" 4
is "four are counted in Redis" "$(slots pace joe recipients.1h)" 4
ok "which is saved" rcli save
redis_kill

send "$port_one" 3
like "without Redis mail goes on at one host" "$CODES" '250 250 250 354 250 221$'
send "$port_two" 2
like "and at the other" "$CODES" '250 250 354 250 221$'
send "$port_two" 2 RSET
send "$port_two" 11
like "each counts on its own: ten, not more" "$CODES" '250( 250){8}( 450){3} 354 250 221$'

redis_start # loads what was saved
ok "Redis is back with the sum of all: 4 + 3 + 2 + 8" \
	wait_for 10 slots_are 17 pace joe recipients.1h
is "  in each window" "$(slots pace joe recipients.1d)" 17
for host in one two; do
	ok "host $host says what it added" \
		wait_for 3 sluiced_says $host 'added what was counted here .*: [0-9]+ counters?'
done
# Was it added once?
sleep 2
is "  and adds it once" "$(slots pace joe recipients.1h)" 17
is "  and says so once" "$(sluiced_since one | grep -c 'added what was counted')" 1
send "$port_one" 1
like "the limit is over, since more were let through than one host alone would" \
	"$CODES" " 450 $(expect_of postfix=554 sendmail=503) 221$"
is "the hash is as always" "$(rcli hget 'sluice:limit:pace:{joe}' recipients.1h |
	grep -Ec '^17/10 [0-9]+( [0-9]+){9}$')" 1
done_testing
