#!/bin/sh
# What rules know of a client and its mail, and where that is not the same with
# both MTAs.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

sluiced_make daemon <<'END'
on connect { c: log "connect ${client.ip} name=${client.name} ptr=${client.ptr} port=${client.port} daemon=${daemon.name} at=${daemon.port}." if client.ip != "1.1.1.1" }
on helo { h: log "helo ${helo.name}." if helo.name }
on mail { m: log "mail user=${sasl.user} by=${sasl.method} from=${mail.from} size=${mail.size} body=${mail.param["BODY"]} smtp=${non-smtp}." if not non-smtp }
on rcpt { r: log "rcpt ${rcpt.to} ${rcpt.count} i=${macro["i"]}." if rcpt.to }
on data { d: log "data ${queue.id} ${rcpt.to}." if queue.id }
on message { e: log "message ${header.names} id=${macro["{msg_id}"]} ${subject}." if subject }
END
sluiced_start daemon
mta_host 192.0.2.7 host.example
mta_start mail "$(sluiced_milter daemon)"

say() { # PORT OPTION...: one mail; what the rules were told in $TOLD
	sluiced_mark daemon
	smtp "$@" 'EHLO a.example' 'MAIL FROM:<a@example.org> BODY=8BITMIME SIZE=100' \
		'RCPT TO:<"b"@example.net>' DATA 'Subject: x' '' 'Body.' . QUIT
	TOLD=$(sluiced_since daemon | sed -n 's/.* text="\(.*\)\." .*/\1/p')
}
told() { # NAME TEXT: a line of it, given as an expression
	like "$1" "$TOLD" "^$2\$"
}

say "$MX" --client 192.0.2.7
told "a client has its address, its name, the port; its door has a name" \
	"connect 192\.0\.2\.7 name=host\.example ptr=host\.example port=[1-9][0-9]* daemon=mx at=$MX"
told "its greeting" 'helo a\.example'
told "no user, the parameters of MAIL" \
	'mail user= by= from=a@example\.org size=100 body=8BITMIME smtp=(no|false|)'
# Postfix has no queue id before it has accepted a recipient.
told "a recipient without needless quotes, and the queue id" \
	"rcpt b@example\.net 1 i=$(expect_of postfix= sendmail='[0-9A-Za-z]+')"
told "which is there from DATA on" 'data [0-9A-Za-z]+ b@example\.net'
# Postfix completes the headers of this client before filters see them, Sendmail
# behind them.
told "the headers" "message $(expect_of \
	postfix='Subject, Message-Id, Date, From id=' \
	sendmail='Subject id=<[0-9A-Za-z.]+@mta\.example\.test>') x"

say "$MX" --client 192.0.2.8
told "a client without a name" \
	"connect 192\.0\.2\.8 name= ptr= port=[1-9][0-9]* daemon=mx at=$MX"
say "$MX" --client 2001:db8::7
told "a client of IPv6" \
	"connect 2001:db8::7 name= ptr= port=[1-9][0-9]* daemon=mx at=$MX"
say "$SUBMISSION" --client 192.0.2.7 --login Anna
told "the other door" "connect 192\.0\.2\.7 .* daemon=submission at=$SUBMISSION"
told "a user who has logged in" "mail user=anna by=$(expect_of \
	postfix=XCLIENT sendmail=PLAIN) from=a@example\.org .*"
done_testing
