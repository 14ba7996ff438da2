#!/bin/sh
# A reload with a mistake in a file keeps the old rules and says what is wrong;
# mended, it takes effect. A table file that is edited needs no SIGHUP.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

sluiced_make daemon <<'END'
table blocked address file "blocked.txt"
on mail { blocked: reject 550 5.7.1 "blocked" if mail.from in blocked }
on rcpt { nobody:  reject 550 5.1.1 "nobody"  if rcpt.to == "nobody@example.net" }
END
echo 'spammer@example.org' > "$T/daemon/rules/blocked.txt"
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"
rules=$T/daemon/rules/test.rules

try() { # FROM TO
	smtp "$MX" 'EHLO a.example' "MAIL FROM:<$1>" "RCPT TO:<$2>" QUIT
}
try spammer@example.org b@example.net
is "a sender of the table is refused" "$CODES" "220 250 550 503 221"

cp "$rules" "$T/good"
echo 'on rcpt { more: reject "x" if rcpt.two == "b" }' >> "$rules"
sluiced_mark daemon
kill -HUP "$(sluiced_pid daemon)"
ok "a broken file: the log says so" \
	wait_for 5 sluiced_says daemon 'test\.rules:4:[0-9]+: error'
ok "and that the old rules go on" wait_for 5 sluiced_says daemon 'unchanged|old rules'
try a@example.org nobody@example.net
is "they do" "$CODES" "220 250 250 550 221"
try a@example.org b@example.net
is "all of them" "$CODES" "220 250 250 250 221"

sluiced_mark daemon
rm "$rules"
kill -HUP "$(sluiced_pid daemon)"
ok "a missing file is as bad" wait_for 5 sluiced_says daemon 'error'
try a@example.org nobody@example.net
is "the old rules go on" "$CODES" "220 250 250 550 221"

sed 's/nobody@/noone@/' "$T/good" > "$rules"
sluiced_reload daemon
try a@example.org nobody@example.net
is "mended, new rules hold" "$CODES" "220 250 250 250 221"
try a@example.org noone@example.net
is "all of them" "$CODES" "220 250 250 550 221"

echo 'other@example.org' > "$T/daemon/rules/blocked.txt"
other_is_blocked() {
	try other@example.org b@example.net
	[ "$CODES" = "220 250 550 503 221" ]
}
ok "an edited table takes effect by itself" wait_for 10 other_is_blocked
try spammer@example.org b@example.net
is "as a whole" "$CODES" "220 250 250 250 221"
rm "$T/daemon/rules/blocked.txt"
sleep 3
ok "a table file that is gone keeps its content" other_is_blocked
like "with a warning" "$(sluiced_log daemon)" 'blocked\.txt'
done_testing
