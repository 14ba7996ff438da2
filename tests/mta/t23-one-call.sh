#!/bin/sh
# At most one waited-for call of Redis a stage, however many limits, recipients
# and rules: shown by counting what Redis was asked.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit in-a  1000/1h connections by client.ip
limit in-b  1000/1m connections by client.ip(16, 48)
limit from  1000/1h messages    by mail.from
limit user  1000/1h, 5000/1d messages by sasl.user
limit to    1000/1h recipients  by rcpt.to
limit pair  1000/1h recipients  by mail.from, rcpt.to
limit all   1000/1h, 1000/1d recipients by sasl.user
on connect { c: tempfail 450 4.7.1 "c" if over in-a or over in-b }
on mail    { m: tempfail 450 4.7.1 "m" if over from or over user }
on rcpt    { r: tempfail 450 4.7.1 "r" if over to or over pair or over all
             s: tempfail 450 4.7.1 "s" if over from }
END
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"

# By its digest; what the daemon writes of itself every few seconds is not.
calls() {
	redis_calls evalsha
}

mails() { # N: so many mails of three recipients on one connection
	set -- "$1" "$SUBMISSION" --client 192.0.2.7 --login joe 'EHLO a.example'
	n=$1
	shift
	while [ "$n" -gt 0 ]; do
		set -- "$@" 'MAIL FROM:<a@example.org>' \
			'@repeat 3 RCPT TO:<b%d@example.net>' \
			DATA 'Subject: x' '' 'Body.' .
		n=$((n - 1))
	done
	smtp "$@" QUIT
}

mails 1
like "the first mail passes" "$CODES" '354 250 221$'
rcli config resetstat > /dev/null
mails 1
# a connect (two: Postfix asks anew after XCLIENT), one MAIL, three RCPT
asks=$(expect_of postfix=6 sendmail=5)
at_most "a mail to three recipients asks at most once a stage" "$(calls)" "$asks"
at_least "  and did ask" "$(calls)" "$asks"
is "  with nothing but the script (and the daemon's own record)" "$(rcli info commandstats | tr -d '\r' |
	sed -n 's/^cmdstat_\([a-z]*\):.*/\1/p' |
	grep -Evx 'evalsha|eval|get|hget|hset|hmget|hmset|mget|pexpire|expire|time|config|info|ping|type|pttl|ttl|hello|client|pexpireat|expireat|exists|command|script|hgetall|zadd|zremrangebyscore|zremrangebyrank|del' |
	tr '\n' ' ')" ""
rcli config resetstat > /dev/null
mails 5
is "five mails on one connection ask for MAIL and each RCPT" "$(calls)" $((asks + 16))
rcli script flush > /dev/null
rcli config resetstat > /dev/null
mails 1
like "a Redis that forgot the script" "$CODES" '354 250 221$'
# and, at the same time perhaps, two of the daemon's record
at_most "  is told it once" "$(($(redis_calls eval) + $(redis_calls script)))" 4
unlike "  which is no outage" "$(sluiced_log daemon)" 'store .* (is away|refuses)'
done_testing
