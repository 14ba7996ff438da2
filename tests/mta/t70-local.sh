#!/bin/sh
# Mail of programs on the host itself (sendmail, not SMTP). Postfix: it is
# refused at its end only, for a refusal on the way would leave it in the queue
# for ever. Sendmail: what such a program starts comes by SMTP, is refused like
# all other mail and returned; only `sendmail -bs` is no client of SMTP.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

sluiced_make daemon <<'END'
on mail { m: reject 550 5.7.1 "mail" if mail.from == "mail@example.org" }
on rcpt {
	here: reject 550 5.7.1 "rcpt, not by SMTP" if non-smtp and rcpt.to == "nobody@example.net"
	r:    reject 550 5.7.1 "rcpt" if rcpt.to == "nobody@example.net"
}
on headers { h: reject 550 5.7.1 "headers" if subject == "refuse" }
on message { b: reject 550 5.7.1 "message" if body.raw =~ /refuse/ and not bounce }
END
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"
at_end='milter-reject: END-OF-MESSAGE'

submit() { # FROM TO SUBJECT BODY
	printf 'Subject: %s\n\n%s\n' "$3" "$4" | mta_submit mail "$1" "$2"
}
delivered() {
	case $MTA in
	postfix) grep -q 'to=<b@example.net>.*status=sent' "$T/mail/maillog" ;;
	sendmail) [ "$(sendmail_n_accepted mail)" = 1 ] ;;
	esac
}
# n refused by now: at the end of the message; or else returned to the sender
refused() { # N
	case $MTA in
	postfix) [ "$(grep -c "$at_end" "$T/mail/maillog")" = "$1" ] ;;
	sendmail) [ "$(sendmail_n_accepted mail)" = $((1 + $1)) ] ;;
	esac
}
said() { # what was said of the last one
	case $MTA in
	postfix) grep "$at_end" "$T/mail/maillog" | tail -n 1 ;;
	sendmail) cat "$T/mail/queue"/df* ;;
	esac
}
submit a@example.org b@example.net fine fine
ok "a mail that no rule stops is delivered" wait_for 10 delivered
n=0
for mail in 'mail@example.org b@example.net fine fine mail' \
	'a@example.org nobody@example.net fine fine rcpt' \
	'a@example.org b@example.net refuse fine headers' \
	'a@example.org b@example.net fine refuse message'; do
	# shellcheck disable=SC2086 # words
	set -- $mail
	n=$((n + 1))
	submit "$1" "$2" "$3" "$4"
	ok "a rule of stage $5: $(expect_of \
		postfix="refused at the message's end" \
		sendmail='refused and returned')" wait_for 10 refused $n
	like "  with its text" "$(said)" "5\.7\.1 .*$5"
done
ok "nothing stays in the queue" wait_for 10 "$(expect_of \
	postfix=mta_is_idle sendmail=rmdir)" "$(expect_of \
	postfix=mail sendmail="$T/mail/client")"
smtp "$MX" --client 192.0.2.1 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
	'RCPT TO:<nobody@example.net>' QUIT
like "by SMTP the recipient is refused at once" "$SMTP" \
	'^S: 550 5\.7\.1 (<.*>\.\.\. )?rcpt \('

case $MTA in
sendmail)
	# which wants to be waited for after EHLO and DATA
	got=$({
		printf 'EHLO a.example\r\n'
		sleep 0.3
		printf '%s\r\n' 'MAIL FROM:<a@example.org>' \
			'RCPT TO:<nobody@example.net>' DATA
		sleep 0.3
		printf '%s\r\n' 'Subject: x' '' x . QUIT
	} | sendmail_run mail sendmail.cf -bs)
	is "sendmail -bs: refused at the message's end" \
		"$(printf '%s\n' "$got" | sed -n 's/^\([0-9]*\) .*/\1/p' |
			tr '\n' ' ')" '220 250 250 250 354 550 221 '
	like "non-smtp is true for it" "$(sluiced_log daemon)" 'rule=here '
	done_testing
	;;
esac

unlike "nowhere else" "$(cat "$T/mail/maillog")" \
	'milter-reject: (CONNECT|HELO|MAIL|RCPT|DATA):.*(postfix|root)|configuration error'
like "non-smtp is true for it" "$(sluiced_log daemon)" 'rule=here '

# What a rule of connect or HELO says of localhost must wait, too: only at MAIL
# it can be told whether the mail came by SMTP.
sluiced_make early <<'END'
on connect { c: reject 550 5.7.1 "connect" if client.ip == "127.0.0.1" }
on helo { h: reject 550 5.7.1 "helo" if helo.name == "localhost" }
END
sluiced_start early
mta_start early-mail "$(sluiced_milter early)"
printf 'Subject: x\n\nx\n' | mta_submit early-mail a@example.org b@example.net
ended() {
	grep -Eq 'status=(sent|bounced)' "$T/early-mail/maillog"
}
ok "with a rule of connect or HELO the mail has an end as well" wait_for 10 ended
unlike "which is no refusal on the way" "$(cat "$T/early-mail/maillog")" \
	'milter-reject: (CONNECT|HELO|MAIL|RCPT|DATA)'
done_testing
