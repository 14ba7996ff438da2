#!/bin/sh
# What rules do to a message that passes: headers added, set and removed,
# quarantine, discard; all at its end, and of the recipients that are left.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

sluiced_make daemon <<'END'
on helo {
	h: add-header "X-Helo" "${helo.name}" if helo.name == "marked.example"
}
on mail {
	gone:  discard if mail.from == "gone@example.org"
}
on headers {
	set:    set-header "X-Set" "new" if subject =~ /set/
	remove: remove-header "X-Bad" if subject =~ /remove/
	long:   add-header "X-Long" "${subject}" if subject =~ /long/
	utf8:   add-header "X-Utf8" "Grüße, ${subject}" if subject =~ /utf8/
	seen:   observe reject 550 5.7.1 "observed" if subject =~ /observed/
	exempt: add-header "X-Kept" "yes", accept if subject =~ /exempt/
}
on message {
	hold: quarantine "looks odd" if body.raw =~ /odd/
	last: reject 550 5.7.1 "last" if subject =~ /exempt|refused/
}
END
sluiced_start daemon
MTA_SINK=maildir
mta_start mail "$(sluiced_milter daemon)"
box=$(mta_box mail)

# mail WANTED HEADER...: one mail; its headers, as delivered, in $GOT
mail() {
	wanted=$1
	shift
	rm -f "$box"/*
	smtp "$MX" "EHLO ${helo:-a.example}" "MAIL FROM:<${from:-a@example.org}>" \
		'RCPT TO:<b@example.net>' DATA "$@" '' "${body:-Body.}" . QUIT
	is "${1#Subject: }: answered" "$CODES" "220 250 250 250 354 $wanted 221"
	wait_for 5 mta_is_idle mail
	GOT=$(sed '/^$/q' "$box"/* 2>/dev/null)
}

mail 250 'Subject: plain'
like "a plain mail is delivered" "$GOT" '^Subject: plain$'
unlike "without anything of ours" "$GOT" '^X-(Helo|Set|Long|Utf8|Kept)'
helo=marked.example mail 250 'Subject: by helo'
like "a header that HELO asked for is added at the end" "$GOT" '^X-Helo: marked\.example$'
mail 250 'Subject: set one' 'X-Set: old' 'X-Set: old two'
like "set-header puts the new value" "$GOT" '^X-Set: new$'
unlike "in place of the first" "$GOT" '^X-Set: old$'
mail 250 'Subject: set none'
like "or adds it where there was none" "$GOT" '^X-Set: new$'
mail 250 'Subject: remove' 'X-Bad: 1' 'X-Good: 2' 'X-bad: 3'
unlike "remove-header takes all of that name" "$GOT" '^X-[Bb]ad:'
like "and no other" "$GOT" '^X-Good: 2$'
mail 250 "Subject: long $(printf '%0300d' 0) $(printf '%0300d' 0) $(printf '%0300d' 0)"
is "a long value is folded" "$(printf '%s\n' "$GOT" |
	sed -n '/^X-Long:/,/^[^ ]/p' | awk 'length > 900' | wc -l)" 0
mail 250 'Subject: utf8 =?utf-8?Q?=C3=A4?='
like "what is not ASCII is encoded" "$GOT" '^X-Utf8: =\?[Uu][Tt][Ff]-8\?'
mail 250 'Subject: observed'
like "observe changes nothing" "$GOT" '^Subject: observed$'
like "but reports" "$(sluiced_log daemon)" 'rule=seen .*observe|observe.* rule=seen '
mail 250 'Subject: exempt'
like "accept keeps the changes asked for before" "$GOT" '^X-Kept: yes$'
mail 550 'Subject: refused'
is "a refused mail is not delivered" "$GOT" ""
from=gone@example.org mail 250 'Subject: discarded'
is "a discarded one neither, though accepted" "$GOT" ""
body='something odd' mail 250 'Subject: quarantined'
is "a quarantined one neither" "$GOT" ""
is "but it is held" "$(mta_n_held mail)" 1

rm -f "$box"/*
smtp "$MX" 'EHLO a.example' 'MAIL FROM:<a@example.org>' 'RCPT TO:<b@example.net>' \
	'RCPT TO:<c@example.net>' DATA 'Subject: two' '' 'Body.' . QUIT
wait_for 5 mta_is_idle mail
is "both recipients get it" "$(find "$box" -type f | wc -l)" 2
done_testing
