#!/bin/sh
# Two messages on one connection, with RSET between them or not: nothing of the
# first reaches the second but what belongs to the connection.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

sluiced_make daemon <<'END'
limit pace 3/1h recipients by mail.from

on helo {
	named:   score 1   if helo.name == "scored.example"
}
on mail {
	odd:     score 2, tag "odd"   if mail.from == "odd@example.org"
}
on rcpt {
	pace:    tempfail 450 4.7.1 "enough"      if over pace
	many:    tempfail 452 4.5.3 "too many"    if rcpt.count > 2
}
on message {
	odd-one: reject 550 5.7.1 "tag odd"       if tag == "odd"
	three:   reject 550 5.7.1 "score three"   if score >= 3
	one:     reject 550 5.7.1 "score one"     if score == 1 and subject == "strict"
}
END
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"

smtp "$MX" 'EHLO a.example' 'MAIL FROM:<odd@example.org>' \
	'RCPT TO:<b@example.net>' RSET \
	'MAIL FROM:<fine@example.org>' 'RCPT TO:<b@example.net>' \
	DATA 'Subject: x' '' 'Body.' . QUIT
is "RSET takes the tag and the score along" \
	"$CODES" "220 250 250 250 250 250 250 354 250 221"

smtp "$MX" 'EHLO a.example' 'MAIL FROM:<odd@example.org>' \
	'RCPT TO:<b@example.net>' DATA 'Subject: x' '' 'Body.' . \
	'MAIL FROM:<fine2@example.org>' 'RCPT TO:<b@example.net>' \
	DATA 'Subject: x' '' 'Body.' . QUIT
is "so does the end of a message that was refused" \
	"$CODES" "220 250 250 250 354 550 250 250 354 250 221"

smtp "$MX" 'EHLO scored.example' 'MAIL FROM:<fine3@example.org>' \
	'RCPT TO:<b@example.net>' DATA 'Subject: x' '' 'Body.' . RSET \
	'MAIL FROM:<fine4@example.org>' 'RCPT TO:<b@example.net>' \
	DATA 'Subject: strict' '' 'Body.' . QUIT
is "what HELO scored is there for both" \
	"$CODES" "220 250 250 250 354 250 250 250 250 354 550 221"

smtp "$MX" 'EHLO a.example' 'MAIL FROM:<more1@example.org>' \
	'@repeat 2 RCPT TO:<b%d@example.net>' RSET 'MAIL FROM:<more2@example.org>' \
	'@repeat 3 RCPT TO:<b%d@example.net>' QUIT
is "recipients are counted anew" \
	"$CODES" "220 250 250 250 250 250 250 250 250 452 221"

smtp "$MX" 'EHLO a.example' 'MAIL FROM:<back@example.org>' \
	'@repeat 2 RCPT TO:<b%d@example.net>' RSET '@wait 1' \
	'MAIL FROM:<back@example.org>' '@repeat 2 RCPT TO:<b%d@example.net>' \
	DATA 'Subject: x' '' 'Body.' . \
	'MAIL FROM:<back@example.org>' '@repeat 2 RCPT TO:<b%d@example.net>' QUIT
is "RSET gives the recipients back, an accepted message keeps them" \
	"$CODES" "220 250 250 250 250 250 250 250 250 354 250 250 250 450 221"

smtp "$MX" 'EHLO a.example' 'MAIL FROM:<lost@example.org>' \
	'@repeat 2 RCPT TO:<b%d@example.net>' DATA @drop
smtp "$MX" '@wait 1' 'EHLO a.example' 'MAIL FROM:<lost@example.org>' \
	'@repeat 2 RCPT TO:<b%d@example.net>' QUIT
is "so does a client that is lost" "$CODES" "220 250 250 250 250 221"

smtp "$MX" 'EHLO scored.example' 'EHLO scored.example' \
	'MAIL FROM:<fine5@example.org>' 'RCPT TO:<b@example.net>' \
	DATA 'Subject: strict' '' 'Body.' . QUIT
like "a second EHLO (after STARTTLS, say) does not score twice" \
	"$CODES" "354 550 221$"
done_testing
