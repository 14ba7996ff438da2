#!/bin/sh
# Why Sluice stands last among the milters: what one before it refuses, a
# recipient or the message at its end, is given back; what one behind it refuses
# stays counted, for Sluice never hears of it. The other milter here is a second
# sluiced that knows nothing of the first.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
other_port=$(free_port)
sluiced_make other <<'END'
on rcpt {
	nobody:  reject 550 5.1.1 "the other milter refuses" if rcpt.to.local == "nobody"
}
on message {
	bad:     reject 550 5.7.1 "the other milter refuses" if subject == "bad"
	later:   tempfail 451 4.7.1 "the other milter waits" if subject == "later"
}
END
sluiced_set other "listen = inet:$other_port@127.0.0.1"
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit pace     100/1h recipients by mail.from
limit letters  100/1h messages by mail.from
limit volume   100M/1h bytes by mail.from
on message {
	enough: tempfail 450 4.7.1 "enough" if over pace or over letters or over volume
}
END
sluiced_start other
sluiced_start daemon

# By its configuration this one of the two milters is asked first.
start_with() { # other|daemon
	ours=$(sluiced_milter daemon)
	other=inet:127.0.0.1:$other_port
	case $MTA-$1 in
	postfix-other) mta_start "$1-first" "$other $ours" ;;
	postfix-daemon) mta_start "$1-first" "$ours $other" ;;
	*)
		order=sluice,other
		[ "$1" = daemon ] || order=other,sluice
		mta_start "$1-first" "$ours" \
			"sendmail: MAIL_FILTER(\`other', \`S=inet:$other_port@127.0.0.1, F=T')dnl" \
			"sendmail: define(\`confINPUT_MAIL_FILTERS', \`$order')dnl"
		;;
	esac
}

letter() { # SENDER SUBJECT: two recipients, and one whom the other refuses
	smtp "$MX" --client 192.0.2.7 'EHLO client.example' \
		"MAIL FROM:<$1@example.org>" 'RCPT TO:<a@example.net>' \
		'RCPT TO:<nobody@example.net>' 'RCPT TO:<b@example.net>' \
		DATA "Subject: $2" '' 'Body.' . QUIT
}

counted_are() { # SENDER RECIPIENTS MESSAGES
	slots_are "$2" pace "$1@example.org" recipients.1h &&
		slots_are "$3" letters "$1@example.org" messages.1h
}

start_with other
letter fine fine
is "before us: the other milter refuses a recipient" \
	"$CODES" "220 250 250 250 550 250 354 250 221"
ok "  who was never counted" wait_for 3 counted_are fine 2 1
letter bad bad
is "it refuses a message at its end" \
	"$CODES" "220 250 250 250 550 250 354 550 221"
like "  with its own words" "$SMTP" '550 5.7.1 .*the other milter refuses'
ok "  which is given back" wait_for 3 counted_are bad 0 0
is "  bytes, too" "$(slots volume bad@example.org bytes.1h)" 0
letter later later
is "or puts it off" "$CODES" "220 250 250 250 550 250 354 451 221"
ok "  which is given back" wait_for 3 counted_are later 0 0

start_with daemon
letter behind bad
is "behind us: the other milter refuses a message at its end" \
	"$CODES" "220 250 250 250 550 250 354 550 221"
letter after fine # what would be given back, is by now
is "the client's next mail is fine" \
	"$CODES" "220 250 250 250 550 250 354 250 221"
ok "  but the refused one stays counted, with all its recipients" \
	counted_are behind 3 1
done_testing
