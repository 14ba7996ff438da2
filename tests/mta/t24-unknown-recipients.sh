#!/bin/sh
# unknown-recipients counts what the MTA itself refuses because nobody is there
# (5.1.x), and nothing else that it refuses: with real refusals of Postfix and
# of Sendmail - an unknown user, relaying denied, a look-up that fails.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
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
sluiced_start daemon

guesses_are() { # N CLIENT
	slots_are "$1" guesses "$2" unknown-recipients.1h
}

# An MTA that knows some users of a domain, does not relay for 203.0.113.0/24,
# and cannot look up who is in broken.example: Postfix' maps of type fail fail
# as a database does that is away; where Sendmail's socket map asks, nobody
# listens.
tab=$(printf '\t')
mta_host 203.0.113.7 guesser.example
mta_host 203.0.113.8 other.example
domain=$(expect_of postfix=known.example sendmail=mta.example.test)
mta_start mail "$(sluiced_milter daemon)" \
	'postfix: mynetworks = 127.0.0.0/8' \
	'postfix: smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination' \
	'postfix: relay_domains = known.example' \
	'postfix: relay_recipient_maps = inline:{root@known.example=x, bin@known.example=x}' \
	'postfix: relay_transport = discard:private' \
	'postfix: virtual_mailbox_domains = broken.example' \
	'postfix: virtual_mailbox_maps = fail:away' \
	'sendmail: LOCAL_CONFIG' \
	'sendmail: Kaway socket -T<TMPF> inet:9@127.0.0.1' \
	'sendmail: LOCAL_RULESETS' \
	'sendmail: SLocal_check_rcpt' \
	"sendmail: R\$* @ broken.example \$*$tab\$: \$(away asked \$: none \$)" \
	"sendmail: R\$* <TMPF>$tab\$#error \$@ 4.3.0 \$: \"451 4.3.0 Look-up failed\""

# Postfix tells a filter of each recipient that it refuses, with its reply.
# Sendmail 8.17 tells of an unknown user, with the status (mailer "error", host
# "5.1.1"); 8.18 only that there is one (host "", address "nobody1"), so that
# nothing can be counted. Neither tells of those that check_rcpt refuses.
smtp "$MX" --client 203.0.113.7 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
	"RCPT TO:<root@$domain>" "RCPT TO:<nobody1@$domain>" \
	'RCPT TO:<x@far.example>' 'RCPT TO:<x@broken.example>' \
	"RCPT TO:<nobody2@$domain>" DATA 'Subject: x' '' 'Body.' . QUIT
is "one is there, two are unknown, one is relaying, one look-up fails" \
	"$CODES" "220 250 250 250 550 $(expect_of \
		postfix=554 sendmail=550) 451 550 354 250 221"
like "  nobody is there" "$SMTP" "^S: 550 5\.1\.1 <nobody1@$domain>"
like "  relaying is denied" "$SMTP" "^S: 55[04] 5\.7\.1 <x@far\.example>.*$(expect_of \
	postfix='Relay access' sendmail=Relaying) denied"
like "  the look-up fails" "$SMTP" '^S: 451 4\.3\.0 '
case $MTA$SMTP in
sendmail*'Sendmail 8.1'[89]*) is_told=no unknown=0 ;;
*) is_told=yes unknown=2 ;;
esac
ok "  the two that are unknown count, if the MTA says why" \
	wait_for 3 guesses_are $unknown 203.0.113.7
is "  so does a limit that looks at the status" \
	"$(slots users 203.0.113.7 unknown-recipients.1h)" $unknown
is "  but a limit of recipients counts only who is there" \
	"$(slots pace 203.0.113.7 recipients.1h)" 1

smtp "$MX" --client 203.0.113.7 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
	"RCPT TO:<nobody3@$domain>" "RCPT TO:<nobody4@$domain>" \
	"RCPT TO:<root@$domain>" QUIT
case $is_told in
yes)
	is "over the limit those who are there are refused, too" \
		"$CODES" "220 250 250 550 550 550 221"
	like "  by our rule" "$SMTP" \
		"^S: 550 5\.7\.1 (<root@$domain>\.\.\. )?You guess too much"
	ok "  and the limit is as full as it gets" \
		guesses_are 3 203.0.113.7
	;;
no)
	is "of what is not counted no limit is over" \
		"$CODES" "220 250 250 550 550 250 221"
	;;
esac
smtp "$MX" --client 203.0.113.8 'EHLO a.example' \
	'MAIL FROM:<a@example.org>' "RCPT TO:<bin@$domain>" QUIT
is "others are not" "$CODES" "220 250 250 250 221"
done_testing
