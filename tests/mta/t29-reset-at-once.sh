#!/bin/sh
# What a client gives back, by RSET, by a mail that is refused at its end or by
# a recipient that is, is free for its own very next step: Postfix tells of a
# RSET only together with the next MAIL.
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit one  1/1h messages by mail.from
limit two  2/1h recipients by mail.from
on mail { one: tempfail 450 4.7.1 "one" if over one }
on rcpt {
	bad: reject 550 5.7.1 "bad" if rcpt.to.local == "bad"
	two: tempfail 450 4.7.1 "two" if over two
	full: reject 550 5.7.1 "full" if rcpt.to.local == "full"
}
on message { word: reject 550 5.7.1 "word" if body.raw =~ /refuse/ }
END
sluiced_start daemon
mta_start mta "$(sluiced_milter daemon)"

# $1 times, in one go, so that no refund has a pause to be late in
again() { # N LINE...
	again_n=$1
	shift
	set -- "$(printf '%s\n' "$@")"
	while [ "$again_n" -gt 0 ]; do
		printf '%s\n' "$1"
		again_n=$((again_n - 1))
	done
}
talk() { # LINES
	printf '%s\n' "$1" > "$T/lines"
	set -- 'EHLO a.example'
	while read -r line; do
		set -- "$@" "$line"
	done < "$T/lines"
	smtp "$MX" "$@" QUIT
}

talk "$(again 30 'MAIL FROM:<reset@example.org>' 'RCPT TO:<b@example.net>' RSET)"
is "RSET and MAIL again, 30 times" \
	"$(printf '%s\n' "$SMTP" | grep -c '^S: 450 .*one')" 0
talk "$(again 30 'MAIL FROM:<end@example.org>' 'RCPT TO:<b@example.net>' DATA \
	'Subject: x' '' 'refuse me' .)"
is "refused at its end and MAIL again" \
	"$(printf '%s\n' "$SMTP" | grep -c '^S: 450 .*one')" 0
is "  each was refused by its word" \
	"$(printf '%s\n' "$SMTP" | grep -c '^S: 550 .*word')" 30
talk "MAIL FROM:<rcpt@example.org>
RCPT TO:<b@example.net>
$(again 30 'RCPT TO:<full@example.net>')"
is "a recipient that is refused and the next" \
	"$(printf '%s\n' "$SMTP" | grep -c '^S: 450 .*two')" 0
is "what was given back is nothing more" \
	"$(slots one reset@example.org messages.1h)" 0
done_testing
