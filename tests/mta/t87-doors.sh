#!/bin/sh
# The snippets of contrib for a host with one door, and the one for a chrooted
# Postfix, as they are: rules see by which door a client came. (The snippet for
# both doors is what all other scripts start.)
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

rules='on connect {
	door-mx:         reject 554 5.7.1 "no" if client.ip == "192.0.2.66" and daemon.name == "mx"
	door-submission: reject 554 5.7.1 "no" if client.ip == "192.0.2.66" and daemon.name == "submission"
}'
printf '%s\n' "$rules" | sluiced_make daemon
sluiced_start daemon

for MTA_DOORS in mx submission; do
	mta_start "$MTA_DOORS" "$(sluiced_milter daemon)"
	port=$MX
	[ "$MTA_DOORS" = mx ] || port=$SUBMISSION
	sluiced_mark daemon
	smtp "$port" --client 192.0.2.66 'EHLO client.example' QUIT
	ok "$MTA_DOORS: a rule sees the door" wait_for 3 sluiced_says daemon \
		"rule=door-$MTA_DOORS .*client=192.0.2.66"
done
like "who does not log in cannot send by the submission door" "$(
	smtp "$port" --client 192.0.2.7 'EHLO client.example' \
		'MAIL FROM:<a@example.org>' QUIT
	echo "$CODES")" ' (530|554) '

if [ "$MTA" = postfix ]; then
	# What smtpd sees as / is the queue's folder.
	MTA_DOORS=both
	folder=$T/jail/queue/sluice
	mkdir -p "$folder"
	printf '%s\n' "$rules" | sluiced_make jailed
	sluiced_set jailed "listen = unix:$folder/sluice.sock"
	sluiced_start jailed
	POSTFIX_CHROOT=y
	mta_start jail unix:/not/this
	sluiced_mark jailed
	smtp "$MX" 'EHLO client.example' 'MAIL FROM:<a@example.org>' \
		'RCPT TO:<b@example.net>' DATA 'Subject: x' '' 'Body.' . QUIT
	is "a chrooted smtpd finds the socket" \
		"$CODES" "220 250 250 250 354 250 221"
	smtp "$MX" --client 192.0.2.66 'EHLO client.example' QUIT
	ok "and is asked there" wait_for 3 sluiced_says jailed "rule=door-mx"
fi
done_testing
