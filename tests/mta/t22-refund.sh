#!/bin/sh
# A refused recipient leaves the others, and costs nothing once its refund has
# arrived; so do a refused message, an aborted one and a lost client.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit pace     100/1h, 200/1d recipients by sasl.user
limit strict   5/1h recipients by sasl.user
limit letters  10/1h messages by sasl.user
limit tries    100/1h messages by sasl.user counts attempts
on rcpt {
	strict:  tempfail 450 4.7.1 "enough" if over strict and rcpt.to.local == "second"
	unknown: reject 550 5.1.1 "nobody" if rcpt.to.local == "nobody"
	pace:    tempfail 450 4.7.1 "enough" if over pace or over letters or over tries
}
on message {
	bad:     reject 550 5.7.1 "bad" if subject == "bad"
}
END
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"

hello='EHLO a.example'

smtp "$SUBMISSION" --client 192.0.2.7 --login one "$hello" 'MAIL FROM:<a@example.org>' \
	'RCPT TO:<b@example.net>' 'RCPT TO:<nobody@example.net>' \
	'RCPT TO:<c@example.net>' DATA 'Subject: x' '' 'Body.' . QUIT
is "a refused recipient leaves the others" \
	"$CODES" "220 250 250 250 550 250 354 250 221"
ok "and is given back" wait_for 3 slots_are 2 pace one recipients.1h
is "in every window" "$(slots pace one recipients.1d)" 2
is "while the message stays counted" "$(slots letters one messages.1h)" 1

smtp "$SUBMISSION" --client 192.0.2.7 --login two "$hello" 'MAIL FROM:<a@example.org>' \
	'@repeat 4 RCPT TO:<b%d@example.net>' DATA 'Subject: bad' '' 'Body.' . QUIT
like "a message is refused" "$CODES" '354 550 221$'
ok "its recipients are given back" wait_for 3 slots_are 0 pace two recipients.1h
ok "and so is the message" wait_for 3 slots_are 0 letters two messages.1h
is "but not as an attempt" "$(slots tries two messages.1h)" 1

smtp "$SUBMISSION" --client 192.0.2.7 --login three "$hello" 'MAIL FROM:<a@example.org>' \
	'@repeat 4 RCPT TO:<b%d@example.net>' RSET QUIT
ok "RSET gives back" wait_for 3 slots_are 0 pace three recipients.1h
ok "the message, too" wait_for 3 slots_are 0 letters three messages.1h

smtp "$SUBMISSION" --client 192.0.2.7 --login four "$hello" 'MAIL FROM:<a@example.org>' \
	'@repeat 4 RCPT TO:<b%d@example.net>' DATA @drop
ok "a lost client gives back" wait_for 3 slots_are 0 pace four recipients.1h

smtp "$SUBMISSION" --client 192.0.2.7 --login five "$hello" 'MAIL FROM:<a@example.org>' \
	'@repeat 5 RCPT TO:<b%d@example.net>' \
	'RCPT TO:<second@example.net>' 'RCPT TO:<b6@example.net>' \
	DATA 'Subject: x' '' 'Body.' . QUIT
is "one that is over a limit waits, the next may pass by another rule" \
	"$CODES" "220 250 250 250 250 250 250 250 450 250 354 250 221"
ok "what it was charged elsewhere is given back" \
	wait_for 3 slots_are 6 pace five recipients.1h
is "the limit that was over was not charged" \
	"$(slots strict five recipients.1h)" 5

field=$(rcli hget 'sluice:limit:pace:{one}' recipients.1h)
like "the field is as sluice-redis(7) says: total/max newest nine slots" "$field" \
	'^2/100 [0-9]+( [0-9]+){9}$'
for key in $(rcli --scan); do
	at_least "$key expires" "$(rcli ttl "$key")" 1
done
done_testing
