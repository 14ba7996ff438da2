#!/bin/sh
# Redis is killed: mail goes on, each limit's on-outage decides, the log tells
# each change of state once; Redis comes back and is used again by itself.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit locally  3/1h recipients by mail.from if mail.from == "locally@example.org"
limit passing  3/1h recipients by mail.from on-outage pass if mail.from == "passing@example.org"
limit failing  3/1h recipients by mail.from on-outage tempfail if mail.from == "failing@example.org"
limit watching 3/1h recipients by mail.from on-outage tempfail if mail.from == "watching@example.org"
on rcpt {
	locally:  tempfail 450 4.7.1 "enough" if over locally
	passing:  tempfail 450 4.7.1 "enough" if over passing
	failing:  tempfail 450 4.7.1 "enough" if over failing
	watching: observe tempfail 450 4.7.1 "enough" if over watching
	not-over: reject 550 5.7.1 "not of unknown" if not over passing and mail.from == "passing@example.org" and rcpt.to == "not@example.net"
}
END
sluiced_set daemon 'store_timeout = 200ms'
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"

send() { # WHO
	smtp "$MX" 'EHLO a.example' "MAIL FROM:<$1@example.org>" \
		'@repeat 4 RCPT TO:<b%d@example.net>' DATA 'Subject: x' '' 'Body.' . QUIT
}
changes() { # WORD: so many lines of the log tell of it
	sluiced_since daemon | grep -Ec "store .* is $1"
}

for who in locally passing failing; do
	send $who
	is "with Redis: $who" "$CODES" "220 250 250 250 250 250 450 354 250 221"
done

sleep 2.1 # so long a denial is remembered
sluiced_mark daemon
redis_kill
before=$(now_ms)
send locally
is "count-locally: this process counts on by itself" \
	"$CODES" "220 250 250 250 250 250 450 354 250 221"
at_most "no wait is longer than store_timeout, with all the rest (ms)" \
	$(($(now_ms) - before)) 2000
send passing
is "pass: nobody is refused" "$CODES" "220 250 250 250 250 250 250 354 250 221"
smtp "$MX" 'EHLO a.example' 'MAIL FROM:<passing@example.org>' \
	'RCPT TO:<not@example.net>' QUIT
is "what could not be asked is unknown, with not or without" \
	"$CODES" "220 250 250 250 221"
send failing
is "tempfail: everybody waits" "$CODES" "220 250 250 451 451 451 451 $(expect_of \
	postfix=554 sendmail=503) 221"
like "with 4.3.0" "$SMTP" '^S: 451 4\.3\.0'
send watching
is "but not for an observed rule" \
	"$CODES" "220 250 250 250 250 250 250 354 250 221"
got=$(load "$MX" --clients 5 --messages 10 --recipients 2)
is "mail of others goes on" "$(count end_250 "$got")" 50
# 20 waits of store_timeout in a row would be 4 s
at_most "quickly (s)" "$(count seconds "$got" | cut -d . -f 1)" 2
is "one line tells that the store is away" "$(changes away)" 1

sluiced_mark daemon
redis_start
is_used() {
	send fresh
	send locally
	[ "$(slots locally locally@example.org recipients.1h)" -gt 0 ]
}
ok "Redis is back and used again by itself" wait_for 10 is_used
is "one line tells so" "$(changes back)" 1
send failing
is "limits count there again" "$CODES" "220 250 250 250 250 250 450 354 250 221"
unlike "and nothing more was said" "$(sluiced_since daemon)" 'store .* is away'
done_testing
