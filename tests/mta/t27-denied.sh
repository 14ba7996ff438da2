#!/bin/sh
# Who is over a limit costs no call of Redis; a grant, a reset and a raised
# number act within two seconds all the same.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit pace  5/1h recipients by sasl.user
limit tries 1000/1h recipients by mail.from counts attempts
on rcpt {
	pace:  tempfail 450 4.7.1 "enough" if over pace
	tries: tempfail 450 4.7.1 "enough" if mail.from == "tries@example.org" and over tries
}
END
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"
conf=$T/daemon/sluice.conf

calls() {
	redis_calls evalsha
}
send() { # LOGIN N
	smtp "$SUBMISSION" --client "192.0.2.7" --login "$1" 'EHLO a.example' \
		'MAIL FROM:<a@example.org>' "@repeat $2 RCPT TO:<b%d@example.net>" QUIT
}
passes() { # LOGIN
	send "$1" 1
	[ "$CODES" = "220 250 250 250 221" ]
}
fill() { # LOGIN: five pass, and stay counted
	smtp "$SUBMISSION" --client "192.0.2.7" --login "$1" 'EHLO a.example' \
		'MAIL FROM:<a@example.org>' '@repeat 6 RCPT TO:<b%d@example.net>' \
		DATA 'Subject: x' '' 'Body.' . QUIT
	[ "$CODES" = "220 250 250 250 250 250 250 250 450 354 250 221" ]
}
soon() {
	soon_since=$(now_ms)
	wait_for 4 "$@" && [ $(($(now_ms) - soon_since)) -le 2500 ]
}

ok "joe uses all that he has" fill joe
rcli config resetstat > /dev/null
send joe 100
like "a hundred more are refused" "$CODES" '( 450){100} 221$'
# each asks for the limit that counts attempts, but not for joe's
sleep 0.3
at_least "  of which each is counted as an attempt" \
	"$(slots tries a@example.org recipients.1h)" 106
sed -i '/tries/d' "$T/daemon/rules/test.rules"
sluiced_reload daemon
send joe 1
rcli config resetstat > /dev/null
send joe 200
like "without that limit two hundred are refused" "$CODES" '( 450){200} 221$'
at_most "  and Redis is not asked for each (every two seconds)" "$(calls)" 10

ok "joe is granted more" sluice -c "$conf" grant pace joe x5 for 1h reason "a test"
ok "  which acts within two seconds" soon passes joe
ok "anna uses all that she has" fill anna
ok "  is denied" test "$(send anna 1; echo "$CODES")" = "220 250 250 450 221"
ok "  is reset" sluice -c "$conf" reset pace anna reason "a test"
ok "  which acts within two seconds" soon passes anna
ok "bob uses all that he has" fill bob
ok "  is denied" test "$(send bob 1; echo "$CODES")" = "220 250 250 450 221"
sed -i 's|5/1h|50/1h|' "$T/daemon/rules/test.rules"
sluiced_reload daemon
ok "  a raised number acts at once" passes bob
done_testing
