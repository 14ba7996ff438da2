#!/bin/sh
# Every stage accepts, rejects and tempfails, as the MTA passes it on. This is
# also the script that runs with the sanitizers: its daemon counts in Redis and
# is reloaded, and it ends by SIGTERM.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit per-sender 2/1h recipients by mail.from if mail.from in { "limited@example.org" }

on connect {
	c-accept:   accept                              if client.ip == "192.0.2.10"
	c-reject:   reject 550 5.7.1 "reject connect"   if client.ip == "192.0.2.11"
	c-tempfail: tempfail 450 4.7.1 "tempfail connect" if client.ip == "192.0.2.12"
	c-close:    tempfail 421 4.7.0 "close connect" if client.ip == "192.0.2.13"
}
on helo {
	h-accept:   accept                              if helo.name == "accept.example"
	h-reject:   reject 550 5.7.1 "reject helo"      if helo.name == "reject.example"
	h-tempfail: tempfail 450 4.7.1 "tempfail helo"  if helo.name == "tempfail.example"
}
on mail {
	m-accept:   accept                              if mail.from == "accept@example.org"
	m-reject:   reject 551 5.7.1 "reject mail"      if mail.from == "reject@example.org"
	m-tempfail: tempfail 451 4.7.1 "tempfail mail"  if mail.from == "tempfail@example.org"
}
on rcpt {
	r-accept:   accept                              if rcpt.to == "accept@example.net"
	r-reject:   reject 550 5.1.1 "reject rcpt"      if rcpt.to == "reject@example.net"
	r-tempfail: tempfail 452 4.5.3 "tempfail rcpt"  if rcpt.to == "tempfail@example.net"
	r-limited:  tempfail 450 4.7.1 "limited, ${limit.max} in ${limit.window}" if over per-sender
}
on data {
	d-accept:   accept                              if mail.from == "data-accept@example.org"
	d-reject:   reject 554 5.7.1 "reject data"      if mail.from == "data-reject@example.org"
	d-tempfail: tempfail 450 4.7.1 "tempfail data"  if mail.from == "data-tempfail@example.org"
}
on headers {
	e-accept:   accept                              if subject == "accept"
	e-reject:   reject 550 5.7.1 "reject headers"   if subject == "reject"
	e-tempfail: tempfail 450 4.7.1 "tempfail headers" if subject == "tempfail"
}
on message {
	b-accept:   accept                              if body.raw =~ /please accept/
	b-reject:   reject 552 5.7.0 "reject message"   if body.raw =~ /please reject/
	b-tempfail: tempfail 450 4.7.1 "tempfail message" if body.raw =~ /please tempfail/
	b-last:     reject 550 5.7.1 "the last rule"    if header["X-Last"]
}
END
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"

# mail NAME WANTED-CODES: one mail; the defaults pass every rule. X-Last is
# there, so that only an accept keeps the last rule from refusing.
mail() {
	smtp "$MX" --client "${address:-192.0.2.1}" \
		"EHLO ${helo:-fine.example}" "MAIL FROM:<${from:-fine@example.org}>" \
		"RCPT TO:<${to:-fine@example.net}>" DATA \
		"Subject: ${subject:-fine}" "${last:-X-Last: yes}" '' \
		"${body:-A fine mail.}" . QUIT
	[ "$CODES" = "$2" ] || printf '%s\n' "$SMTP" | diag
	is "$1" "$CODES" "$2"
}

# What was said to the client. Sendmail puts the recipient before the text of a
# refused one: "550 5.1.1 <b@example.net>... nobody".
refused() { # NAME CODES TEXT
	like "$1" "$SMTP" "^S: $2 $(expect_of postfix= \
		sendmail='(<[^>]*>\.\.\. )?')$3 \(ref [0-9a-z-]+\)$"
}

pass_all='250 250 250 354 250 221'
last='X-Other: yes' mail "no rule stops a fine mail" "220 $pass_all"
mail "the last rule refuses at the message's end" \
	"220 250 250 250 354 550 221"
refused "  with its text" '550 5\.7\.1' 'the last rule'

address=192.0.2.10 mail "connect: accept" "220 $pass_all"
# Sendmail refuses each command after a connection or HELO that was refused;
# Postfix only the first that would begin a mail. Of the texts of connect
# Sendmail tells none: it has words of its own.
address=192.0.2.11 mail "connect: reject" "$(expect_of \
	postfix='554 250 550 503 503 221' sendmail='554 250 550 550 550 221')"
like "  with its text" "$SMTP" "$(expect_of \
	postfix='^S: 550 5\.7\.1 reject connect \(ref' \
	sendmail='^S: 550 5\.0\.0 Command rejected$')"
address=192.0.2.12 mail "connect: tempfail" "$(expect_of \
	postfix='220 250 450 503 503 221' sendmail='220 250 451 503 503 221')"
like "  with its text" "$SMTP" "$(expect_of \
	postfix='^S: 450 4\.7\.1 tempfail connect \(ref' \
	sendmail='^S: 451 4\.3\.2 Please try again later$')"
# 421 closes the connection, and neither tells the text.
address=192.0.2.13 mail "connect: 421" 421

helo=accept.example mail "helo: accept" "220 $pass_all"
helo=reject.example mail "helo: reject" "$(expect_of \
	postfix='220 250 550 503 503 221' sendmail='220 250 550 550 550 221')"
refused "  with its text" '550 5\.7\.1' 'reject helo'
helo=tempfail.example mail "helo: tempfail" "$(expect_of \
	postfix='220 250 450 503 503 221' sendmail='220 250 450 450 450 221')"
refused "  with its text" '450 4\.7\.1' 'tempfail helo'

from=accept@example.org mail "mail: accept" "220 $pass_all"
from=reject@example.org mail "mail: reject" "220 250 551 503 503 221"
refused "  with its text" '551 5\.7\.1' 'reject mail'
from=tempfail@example.org mail "mail: tempfail" "220 250 451 503 503 221"
refused "  with its text" '451 4\.7\.1' 'tempfail mail'

# DATA without a recipient is "no valid recipients" or "need RCPT".
no_rcpt=$(expect_of postfix=554 sendmail=503)
to=accept@example.net mail "rcpt: accept" "220 $pass_all"
to=reject@example.net mail "rcpt: reject" "220 250 250 550 $no_rcpt 221"
refused "  with its text" '550 5\.1\.1' 'reject rcpt'
to=tempfail@example.net mail "rcpt: tempfail" "220 250 250 452 $no_rcpt 221"
refused "  with its text" '452 4\.5\.3' 'tempfail rcpt'

from=data-accept@example.org mail "data: accept" "220 $pass_all"
from=data-reject@example.org mail "data: reject" "220 250 250 250 554 221"
refused "  with its text" '554 5\.7\.1' 'reject data'
from=data-tempfail@example.org mail "data: tempfail" "220 250 250 250 450 221"
refused "  with its text" '450 4\.7\.1' 'tempfail data'

subject=accept mail "headers: accept" "220 $pass_all"
subject=reject mail "headers: reject" "220 250 250 250 354 550 221"
refused "  with its text" '550 5\.7\.1' 'reject headers'
subject=tempfail mail "headers: tempfail" "220 250 250 250 354 450 221"
refused "  with its text" '450 4\.7\.1' 'tempfail headers'

body='please accept' mail "message: accept" "220 $pass_all"
body='please reject' mail "message: reject" "220 250 250 250 354 552 221"
refused "  with its text" '552 5\.7\.0' 'reject message'
body='please tempfail' mail "message: tempfail" "220 250 250 250 354 450 221"
refused "  with its text" '450 4\.7\.1' 'tempfail message'

smtp "$MX" 'EHLO fine.example' 'MAIL FROM:<limited@example.org>' \
	'@repeat 3 RCPT TO:<r%d@example.net>' DATA 'Subject: fine' '' 'Body.' . QUIT
is "a limit in Redis refuses the third of two recipients" \
	"$CODES" "220 250 250 250 250 450 354 250 221"
refused "  with its text" '450 4\.7\.1' 'limited, 2 in 1h'
is "  and Redis holds the two" "$(slots per-sender limited@example.org recipients.1h)" 2

log=$(sluiced_log daemon)
for rule in c-reject h-tempfail m-reject r-reject d-tempfail e-reject b-tempfail; do
	is "one line in the log tells of $rule" "$(printf '%s\n' "$log" |
		grep -c "verdict .*rule=$rule ")" 1
done
like "with the words of the manual" "$log" \
	'^sluiced\[[0-9]+\]: verdict ref=[^ ]+ .*stage=rcpt action=reject code=550 rule=r-reject .*client=192\.0\.2\.1 .*from="fine@example.org" rcpt="reject@example.net"'

sluiced_reload daemon
last='X-Other: yes' mail "after a reload mail goes on" "220 $pass_all"
sluiced_stop daemon
is "SIGTERM ends it with 0" "$SLUICED_STATUS" 0
done_testing
