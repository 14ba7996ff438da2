#!/bin/sh
# SIGHUP under load of both MTAs: no connection is dropped, every mail is
# answered, and new connections follow the new rules while open ones keep theirs.
#
# MTA: together
. "$(dirname "$0")/../lib/mta.sh"

sluiced_make daemon <<'END'
limit pace 1000000/1h recipients by mail.from
on rcpt { pace: tempfail 450 4.7.1 "enough" if over pace }
on message { word: reject 550 5.7.1 "old word" if body.raw =~ /forbidden/ }
END
sluiced_start daemon
mta_start_together "$(sluiced_milter daemon)"

# Open connections across the change: MAIL before, the body after.
open() { # PORT
	exec python3 "$TOP/tests/lib/smtp.py" talk "$1" 'EHLO a.example' \
		'MAIL FROM:<a@example.org>' '@wait 2' 'RCPT TO:<b@example.net>' \
		DATA 'Subject: x' '' 'forbidden' . 'MAIL FROM:<a@example.org>' \
		'RCPT TO:<b@example.net>' DATA 'Subject: x' '' 'forbidden' . QUIT
}
opened=
for port in "$POSTFIX_MX" "$SENDMAIL_MX"; do
	open "$port" > "$T/open.$port" 2>&1 &
	opened="$opened $!"
done
load "$MX" --clients 6 --messages 5 --recipients 2 --seconds 6 \
	> "$T/load" 2> "$T/load.err" &
load_pid=$!
for port in "$POSTFIX_MX" "$SENDMAIL_MX"; do
	wait_for 10 grep -q '^S: 250 2\.1\.0' "$T/open.$port" ||
		bail "no open connection"
done
sed -i 's/old word/new word/; s/forbidden/outlawed/' "$T/daemon/rules/test.rules"
hups=0
while is_running $load_pid && [ $hups -lt 60 ]; do
	kill -HUP "$(sluiced_pid daemon)"
	hups=$((hups + 1))
	sleep 0.05
done
wait $load_pid
# shellcheck disable=SC2086 # two
wait $opened
got=$(cat "$T/load")
printf '%s\n' "$got" | diag
at_least "it was reloaded many times meanwhile" $hups 40
is "no connection was dropped" "$(count lost "$got")" 0
sent=$(($(count connections "$got") * 5))
at_least "mail flowed" "$sent" 100
is "every message was accepted at its end" "$(count end_250 "$got")" $sent
is "and every recipient" "$(count rcpt_250 "$got")" $((sent * 2))
at_most "nobody waited long (ms)" "$(count slowest_ms "$got")" 3000
for port in "$POSTFIX_MX" "$SENDMAIL_MX"; do
	is "an open connection keeps the rules it began with" \
		"$(grep -c '^S: 550 5\.7\.1 old word' "$T/open.$port")" 2
	smtp "$port" 'EHLO a.example' 'MAIL FROM:<a@example.org>' \
		'RCPT TO:<b@example.net>' DATA 'Subject: x' '' 'outlawed' . QUIT
	like "a new one has the new rules" "$SMTP" '^S: 550 5\.7\.1 new word'
done
ok "the daemon is the same process" is_running "$(sluiced_pid daemon)"
done_testing
