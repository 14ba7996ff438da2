#!/bin/sh
# unknown-recipients counts what the MTA itself refuses because nobody is there
# (5.1.x), and nothing else that it refuses: with real refusals of Postfix and
# of Sendmail - an unknown user, relaying denied, a look-up that fails.
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/sendmail.sh"

redis_start
SLUICED_STORE=$REDIS_URL
port=$(free_port)
# Sendmail takes no unix socket below /tmp.
sluiced_make daemon <<'END'
limit guesses  3/1h unknown-recipients by client.ip
limit users    100/1h unknown-recipients by client.ip if rcpt.mta-status == "5.1.1"
limit pace     100/1h recipients by client.ip
on rcpt {
	guessing: reject 550 5.7.1 "You guess too much" if over guesses
	users:    reject 550 5.7.1 "never" if over users
	pace:     reject 550 5.7.1 "never" if over pace
}
END
sluiced_set daemon "listen = inet:$port@127.0.0.1"
sluiced_start daemon

guesses() { # CLIENT
	slots guesses "$1" unknown-recipients.1h
}
guesses_are() {
	[ "$(guesses "$2")" = "$1" ]
}

# Postfix. Maps of type fail fail, as a database does that is away.
postfix_start postfix "$(sluiced_milter daemon)" \
	'mynetworks = 127.0.0.0/8' \
	'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination' \
	'relay_domains = known.example' \
	'relay_recipient_maps = inline:{anna@known.example=x, bob@known.example=x}' \
	'relay_transport = discard:private' \
	'virtual_mailbox_domains = broken.example' \
	'virtual_mailbox_maps = fail:away'
client='XCLIENT ADDR=192.0.2.7 NAME=host.example'
smtp "$MX" "$client" 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
	'RCPT TO:<anna@known.example>' 'RCPT TO:<nobody1@known.example>' \
	'RCPT TO:<x@far.example>' 'RCPT TO:<x@broken.example>' \
	'RCPT TO:<nobody2@known.example>' DATA 'Subject: x' '' 'Body.' . QUIT
is "Postfix: one is there, two are unknown, one is relaying, one look-up fails" \
	"$CODES" "220 220 250 250 250 550 554 451 550 354 250 221"
like "  nobody is there" "$SMTP" '^S: 550 5\.1\.1 <nobody1@known\.example>'
like "  relaying is denied" "$SMTP" '^S: 554 5\.7\.1 <x@far\.example>: Relay access denied'
like "  the look-up fails" "$SMTP" '^S: 451 4\.3\.0 <x@broken\.example>: Temporary lookup failure'
ok "  the two that are unknown count" wait_for 3 guesses_are 2 192.0.2.7
is "  so does a limit that looks at the status" \
	"$(slots users 192.0.2.7 unknown-recipients.1h)" 2
is "  but a limit of recipients counts only who is there" \
	"$(slots pace 192.0.2.7 recipients.1h)" 1

smtp "$MX" "$client" 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
	'RCPT TO:<nobody3@known.example>' 'RCPT TO:<nobody4@known.example>' \
	'RCPT TO:<anna@known.example>' QUIT
is "over the limit those who are there are refused, too" \
	"$CODES" "220 220 250 250 550 550 550 221"
like "  by our rule" "$SMTP" '^S: 550 5\.7\.1 .*You guess too much'
is "  and the limit is as full as it gets" "$(guesses 192.0.2.7)" 3
smtp "$MX" 'XCLIENT ADDR=192.0.2.8 NAME=other.example' 'EHLO a.example' \
	'MAIL FROM:<a@example.org>' 'RCPT TO:<bob@known.example>' QUIT
is "others are not" "$CODES" "220 220 250 250 250 221"

# Sendmail. Relaying is allowed from 127.0.0.1, so the mail comes from another
# address; nobody listens where the socket map asks.
tab=$(printf '\t')
sendmail_start sendmail "inet:$port@127.0.0.1" \
	'LOCAL_CONFIG' 'Kaway socket -T<TMPF> inet:9@127.0.0.1' \
	'LOCAL_RULESETS' 'SLocal_check_rcpt' \
	"R\$* @ broken.example \$*$tab\$: \$(away asked \$: none \$)" \
	"R\$* <TMPF>$tab\$#error \$@ 4.3.0 \$: \"451 4.3.0 Look-up failed\""
SMTP_SOURCE=127.0.0.2
export SMTP_SOURCE
smtp "$SMTP_MX" 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
	'RCPT TO:<root@mta.example.test>' 'RCPT TO:<nobody1@mta.example.test>' \
	'RCPT TO:<x@far.example>' 'RCPT TO:<x@broken.example>' \
	'RCPT TO:<nobody2@mta.example.test>' DATA 'Subject: x' '' 'Body.' . QUIT
is "Sendmail: one is there, two are unknown, one is relaying, one look-up fails" \
	"$CODES" "220 250 250 250 550 550 451 550 354 250 221"
like "  nobody is there" "$SMTP" '^S: 550 5\.1\.1 <nobody1@mta\.example\.test>.*User unknown'
like "  relaying is denied" "$SMTP" '^S: 550 5\.7\.1 <x@far\.example>.*Relaying denied'
like "  the look-up fails" "$SMTP" '^S: 451 4\.3\.0 '
# 8.17 tells a filter why it refuses a recipient: mailer "error", host "5.1.1".
# 8.18 tells only that it does (host "", address "nobody1"), so nothing can be
# counted there. Neither tells of those that its check_rcpt refuses.
case $SMTP in
*'Sendmail 8.17.'*) unknown=2 last=550 ;;
*) unknown=0 last=250 ;;
esac
sleep 0.5
is "  the two that are unknown count, if Sendmail says why" \
	"$(guesses 127.0.0.2)" $unknown
is "  so does a limit that looks at the status" \
	"$(slots users 127.0.0.2 unknown-recipients.1h)" $unknown
is "  but a limit of recipients counts only who is there" \
	"$(slots pace 127.0.0.2 recipients.1h)" 1
smtp "$SMTP_MX" 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
	'RCPT TO:<nobody3@mta.example.test>' 'RCPT TO:<nobody4@mta.example.test>' \
	'RCPT TO:<root@mta.example.test>' QUIT
is "over the limit those who are there are refused, too" \
	"$CODES" "220 250 250 550 550 $last 221"
done_testing
