#!/bin/sh
# Mail that is submitted locally (sendmail, not SMTP) is refused at its end
# only: a refusal on the way would leave it in Postfix' queue for ever.
. "$(dirname "$0")/../lib/mta.sh"

sluiced_make daemon <<'END'
on mail { m: reject 550 5.7.1 "mail" if mail.from == "mail@example.org" }
on rcpt {
	here: reject 550 5.7.1 "rcpt, not by SMTP" if non-smtp and rcpt.to == "nobody@example.net"
	r:    reject 550 5.7.1 "rcpt" if rcpt.to == "nobody@example.net"
}
on headers { h: reject 550 5.7.1 "headers" if subject == "refuse" }
on message { b: reject 550 5.7.1 "message" if body.raw =~ /refuse/ }
END
sluiced_start daemon
postfix_start postfix "$(sluiced_milter daemon)"

submit() { # FROM TO SUBJECT BODY
	printf 'Subject: %s\n\n%s\n' "$3" "$4" |
		timeout 20 /usr/sbin/sendmail -C "$T/postfix/etc" -f "$1" "$2"
}
n_refused() {
	grep -c 'milter-reject: END-OF-MESSAGE' "$T/postfix/maillog"
}
refused_at_end() { # N
	[ "$(n_refused)" = "$1" ]
}
submit a@example.org b@example.net fine fine
delivered() {
	grep -q 'to=<b@example.net>.*status=sent' "$T/postfix/maillog"
}
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
	ok "refused by a rule of stage $5: at the message's end" \
		wait_for 10 refused_at_end $n
	like "  with its text" "$(grep 'milter-reject: END-OF-MESSAGE' \
		"$T/postfix/maillog" | tail -n 1)" "5\.7\.1 $5"
done
unlike "nowhere else" "$(cat "$T/postfix/maillog")" \
	'milter-reject: (CONNECT|HELO|MAIL|RCPT|DATA)|configuration error'
ok "nothing stays in the queue" wait_for 10 postfix_is_idle postfix
like "non-smtp is true for it" "$(sluiced_log daemon)" 'rule=here '
smtp "$MX" "XCLIENT ADDR=192.0.2.1" 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
	'RCPT TO:<nobody@example.net>' QUIT
like "by SMTP the recipient is refused at once" "$SMTP" '^S: 550 5\.7\.1 rcpt '

# What a rule of connect or HELO says of localhost must wait, too: only at MAIL
# it can be told whether the mail came by SMTP.
sluiced_make early <<'END'
on connect { c: reject 550 5.7.1 "connect" if client.ip == "127.0.0.1" }
on helo { h: reject 550 5.7.1 "helo" if helo.name == "localhost" }
END
sluiced_start early
postfix_start postfix-early "$(sluiced_milter early)"
printf 'Subject: x\n\nx\n' |
	timeout 20 /usr/sbin/sendmail -C "$T/postfix-early/etc" -f a@example.org b@example.net
ended() {
	grep -Eq 'status=(sent|bounced)' "$T/postfix-early/maillog"
}
ok "with a rule of connect or HELO the mail has an end as well" wait_for 10 ended
unlike "which is no refusal on the way" "$(cat "$T/postfix-early/maillog")" \
	'milter-reject: (CONNECT|HELO|MAIL|RCPT|DATA)'
done_testing
