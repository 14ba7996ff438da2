#!/bin/sh
# Sentinels name the master: it is killed while mail flows through both MTAs.
# Every message is answered, none is lost, on-outage decides until another master
# is named, and that one is used by itself. The old one comes back as a replica.
#
# MTA: together
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/sentinel.sh"

sentinel_start "$(redis_user secret)"
SLUICED_STORE=redis+sentinel://sluice:secret@${SENTINEL_URL#*//}
sluiced_make daemon <<'END'
limit busy    1M/1h recipients by mail.from if mail.from.local == "busy"
limit failing 1M/1h recipients by mail.from on-outage tempfail if mail.from.local == "failing"
limit tight   2/1h  recipients by mail.from if mail.from.local =~ /^tight/
on rcpt {
	busy:    tempfail 450 4.7.1 "enough" if over busy
	failing: tempfail 450 4.7.1 "enough" if over failing
	tight:   tempfail 450 4.7.1 "enough" if over tight
}
END
sluiced_start daemon
echo 0 > "$T/daemon/mark" # all of its log counts
mta_start_together "$(sluiced_milter daemon)"

send() { # WHO N [PORT]
	smtp "${3:-$POSTFIX_MX}" 'EHLO a.example' "MAIL FROM:<$1@example.org>" \
		"@repeat $2 RCPT TO:<b%d@example.net>" QUIT
}
# counted PORT LIMIT WHO: what the counter there says
counted() {
	scli "$1" hget "sluice:limit:$2:{$3@example.org}" recipients.1h |
		sed 's|/.*||' | grep . || echo 0
}

send tight 3
is "a limit holds on the master that Sentinels name" \
	"$CODES" "220 250 250 250 250 450 221"
send tight2 3 "$SENDMAIL_MX"
is "  through the other MTA, too" "$CODES" "220 250 250 250 250 450 221"
like "the log tells where it is" "$(sluiced_since daemon)" \
	"store redis sentinel lab/0 is at 127.0.0.1:$SENTINEL_MASTER"

# Traffic of both kinds, longer than a failover takes
load "$MX" --clients 4 --seconds 9 --from '<busy@example.org>' \
	--pause 0.02 > "$T/busy" &
busy=$!
load "$MX" --clients 4 --seconds 9 --from '<failing@example.org>' \
	--pause 0.02 > "$T/failing" &
failing=$!
sleep 1.5
old=$SENTINEL_MASTER
killed=$(now_ms)
sentinel_stop_node "$old"
wait_for 20 sentinel_has_moved "$old" || bail "Sentinels name no other master"
named=$(($(now_ms) - killed))
ok "the new master is used by itself" \
	wait_for 10 sluiced_says daemon 'store .* is back after'
gap=$(($(now_ms) - killed))
echo "# named after $named ms, used after $gap ms;" \
	"$(sluiced_since daemon | grep -o 'is back after.*')"
at_most "soon after it was named (ms)" $((gap - named)) 3000
new=$(sentinel_says)
wait $busy
wait $failing
diag < "$T/busy"
diag < "$T/failing"

busy=$(cat "$T/busy")
failing=$(cat "$T/failing")
is "nobody lost the connection" \
	"$(($(count lost "$busy") + $(count lost "$failing")))" 0
is "count-locally: every recipient is taken" \
	"$(count rcpt_250 "$busy")" "$(count mail_250 "$busy")"
is "and every message" "$(count end_250 "$busy")" "$(count mail_250 "$busy")"
is "tempfail: every recipient is answered, by 250 or 451" \
	"$(($(count rcpt_250 "$failing") + $(count rcpt_451 "$failing")))" \
	"$(count mail_250 "$failing")"
at_least "in the gap by 451" "$(count rcpt_451 "$failing")" 1
is "what was taken is accepted at its end" \
	"$(count end_250 "$failing")" "$(count rcpt_250 "$failing")"
at_most "no answer took long (ms)" "$(count slowest_ms "$busy")" 2500
accepted=$(($(count end_250 "$busy") + $(count end_250 "$failing")))
all_delivered() {
	[ $(($(postfix_n_delivered postfix) + $(sendmail_n_accepted sendmail))) = "$accepted" ]
}
ok "and everything that was accepted is delivered ($accepted)" \
	wait_for 15 all_delivered
at_least "limits count on the new master" "$(counted "$new" busy busy)" 1
like "asked by the user of the URL" "$(scli "$new" client list)" \
	'name=sluice .*user=sluice'
unlike "and by no other" "$(scli "$new" client list)" \
	'name=sluice .*user=default'
is "one line told that it was away" \
	"$(sluiced_since daemon | grep -Ec 'store .* is away')" 1
is "one that it is back" \
	"$(sluiced_since daemon | grep -Ec 'store .* is back')" 1

# The old one comes back; Sentinels make it a replica.
sentinel_process "$old"
is_replica() {
	scli "$old" role | head -n 1 | grep -qx slave
}
ok "the old master comes back as a replica" wait_for 20 is_replica
before=$(counted "$new" busy busy)
got=$(load "$MX" --clients 2 --messages 5 --from '<busy@example.org>')
is "and mail goes on" "$(count end_250 "$got")" 10
at_least "on the new one" "$(counted "$new" busy busy)" $((before + 10))
done_testing
