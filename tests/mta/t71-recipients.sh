#!/bin/sh
# Recipients, sender and headers of ours, as the MTA carries them out: what is
# delivered to whom, in whose name, and that nothing else gets in with them.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

sluiced_make daemon <<'END'
on mail { copy: add-recipient "copy@example.net" if mail.from == "boss@example.org" }
on rcpt {
	moved:  redirect "new@example.net"        if rcpt.to == "old@example.net"
	gone:   remove-recipient "${rcpt.to}"     if rcpt.to.local == "gone"
	late:   redirect "x@example.net", reject "no" if rcpt.to == "refused@example.net"
}
on headers {
	sender: set-sender "${header["X-Sender"]}"    if header["X-Sender"]
	null:   set-sender ""                         if subject == "null"
	add:    add-recipient "${header["X-Add"]}"    if header["X-Add"]
	trap:   redirect "trap@example.org"           if subject == "trap"
	words:  add-header "X-Sluice-Words" "${header["X-Words"]}" if header["X-Words"]
	hold:   redirect "held@example.net", quarantine "${subject}" if subject =~ /^hold/
	seen:   observe redirect "trap@example.org"   if subject == "observed"
}
on message { no: reject 550 5.7.1 "no" if subject == "refused" }
END
sluiced_start daemon
MTA_SINK=maildir
mta_start mail "$(sluiced_milter daemon)"
box=$(mta_box mail)

# mail FROM "RCPT..." HEADER...: who got it in $TO, from whom in $FROM, the
# headers of one of them in $GOT
mail() {
	from=$1
	to=$2
	shift 2
	rm -f "$box"/*
	rcpts=
	# shellcheck disable=SC2086 # addresses, one by one
	set -- "$@" '' Body. . QUIT
	for rcpt in $to; do
		rcpts="$rcpts RCPT_TO:<$rcpt>"
	done
	# shellcheck disable=SC2046,SC2086 # no blanks but between them
	smtp "$MX" 'EHLO a.example' "MAIL FROM:<$from>" $(echo $rcpts |
		sed 's/RCPT_TO/RCPT\\x20TO/g') DATA "$@"
	wait_for 5 mta_is_idle mail
	TO=$(cat "$box"/* 2>/dev/null | sed -n 's/^Delivered-To: //p' | sort |
		tr '\n' ' ')
	TO=${TO% }
	FROM=$(cat "$box"/* 2>/dev/null | sed -n 's/^Return-Path: //p' | sort -u)
	GOT=$(cat "$box"/* 2>/dev/null | sed '/^$/q')
}

mail a@example.org 'b@example.net' 'Subject: plain'
is "a plain mail goes where it was to go" "$TO" b@example.net
is "in its sender's name" "$FROM" '<a@example.org>'
mail boss@example.org 'b@example.net' 'Subject: copy'
is "a recipient is added" "$TO" 'b@example.net copy@example.net'
mail boss@example.org 'COPY@example.net' 'Subject: copy'
is "not one that is there" "$TO" COPY@example.net
mail a@example.org 'Old@example.net b@example.net' 'Subject: moved'
is "one is redirected, as it was spelt" "$TO" 'b@example.net new@example.net'
mail a@example.org '"old"@example.net b@example.net' 'Subject: moved'
is "also if it was quoted" "$TO" 'b@example.net new@example.net'
mail a@example.org 'gone@example.net b@example.net' 'Subject: gone'
is "one is removed" "$TO" b@example.net
mail boss@example.org 'b@example.net c@example.net' 'Subject: trap'
is "all are redirected" "$TO" trap@example.org
mail a@example.org 'refused@example.net b@example.net' 'Subject: refused rcpt'
is "a refused recipient leaves nothing behind" "$TO" b@example.net
mail boss@example.org 'b@example.net' 'Subject: refused'
is "and a refused message, too" "$TO" ''
mail a@example.org 'b@example.net' 'Subject: observed'
is "observe delivers as ever" "$TO" b@example.net
mail a@example.org 'b@example.net' 'X-Sender: bounces@example.org'
is "the sender is set" "$FROM" '<bounces@example.org>'
mail a@example.org 'b@example.net' 'Subject: null'
is "also to none" "$FROM" '<>'
mail a@example.org 'b@example.net' 'X-Sender: x@example.org> SIZE=1' \
	'X-Add: =?utf-8?q?c=40example=2Enet=0D=0ARCPT_TO:=3Cd=40example=2Enet=3E?='
is "what is no address adds nobody" "$TO" b@example.net
is "and sets no sender" "$FROM" '<a@example.org>'
like "the log says so" "$(sluiced_log daemon)" \
	'rule=add text="no address.*action=add-recipient'

mail a@example.org 'b@example.net' 'X-Sluice-Words: forged' 'Subject: forged' \
	'x-sluice-words: forged, too'
unlike "what is forged in our name goes" "$GOT" 'forged,|Words: forged'
mail a@example.org 'b@example.net' 'X-Words: one' 'X-Sluice-Words: forged'
is "and ours stands alone" "$(printf '%s\n' "$GOT" |
	grep -i '^X-Sluice-Words:')" 'X-Sluice-Words: one'
mail a@example.org 'b@example.net' \
	'X-Words: =?utf-8?q?one=0D=0AX-Evil:_yes=0D=0A=0D=0Abody?='
unlike "a value from outside makes no header" "$GOT" '^X-Evil:'
like "but is one line" "$GOT" '^X-Sluice-Words: one .*X-Evil: yes'
mail a@example.org 'b@example.net' 'Subject: hold this'
is "what is held is delivered to nobody" "$TO" ''
held=$(mta_held mail)
like "but it is held, and its recipients are changed" "$held" \
	"$(expect_of postfix='^recipient: ' sendmail='^r(RFC|rfc)822; ')held@example\.net"
like "the log says where it went, and by which rules" "$(sluiced_log daemon)" \
	'action=accept .*did="redirect:hold quarantine:hold"'
like "also what a rule at mail did" "$(sluiced_log daemon)" \
	'did="add-recipient:copy redirect:trap"'
unlike "not what was refused with its recipient" "$(sluiced_log daemon)" \
	'redirect:late|redirect:seen'
rm -f "$box"/*
smtp "$MX" 'EHLO a.example' 'MAIL FROM:<boss@example.org>' \
	'RCPT TO:<old@example.net>' RSET 'MAIL FROM:<a@example.org>' \
	'RCPT TO:<b@example.net>' DATA 'Subject: next' '' 'Body.' . QUIT
wait_for 5 mta_is_idle mail
is "nothing is left of a mail that was reset" \
	"$(cat "$box"/* | grep -c '^Delivered-To: b@')$(find "$box" -type f | wc -l)" 11

# Sendmail reads lists, programs and files out of addresses.
mail a@example.org 'b@example.net' 'Subject: null' 'X-Words: one' \
	'X-Add: |/bin/sh, x@example.net' 'X-Sluice-Words: forged'
is "a list with a program in it adds nobody" "$TO" b@example.net
is "  while all else is done" "$FROM" '<>'
is "  as it was asked for" "$(printf '%s\n' "$GOT" |
	grep -i 'X-Sluice-Words:')" 'X-Sluice-Words: one'
done_testing
