#!/bin/sh
# A Cluster under load of both MTAs: limits on all nodes, a slot that moves, a
# master that is killed. Counts are exact after a moved slot; while a master is
# away only its keys follow on-outage; its replica is used by itself.
#
# MTA: together
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/cluster.sh"

cluster_start 'cluster-require-full-coverage no' "$(redis_user secret)"
SLUICED_STORE=redis+cluster://sluice:secret@${CLUSTER_URL#*//}
sluiced_make daemon <<'END'
limit moving 1M/1h recipients by mail.from on-outage tempfail if mail.from.local == "moving"
limit victim 1M/1h recipients by mail.from on-outage tempfail if mail.from.local == "victim"
limit bystander 1M/1h recipients by mail.from on-outage tempfail if mail.from.domain == "other.example"
limit tight  2/1h recipients by mail.from if mail.from.local == "tight"
limit pairs  3/1h recipients by rcpt.to if mail.from.local == "tight"
on rcpt {
	moving:    tempfail 450 4.7.1 "enough" if over moving
	victim:    tempfail 450 4.7.1 "enough" if over victim
	bystander: tempfail 450 4.7.1 "enough" if over bystander
	tight:     tempfail 450 4.7.1 "enough" if over tight or over pairs
}
END
sluiced_set daemon 'store_timeout = 500ms'
sluiced_start daemon
echo 0 > "$T/daemon/mark" # all of its log counts
mta_start_together "$(sluiced_milter daemon)"

# counted LIMIT IDENTITY: what the counter says, wherever it is
counted() {
	cluster_at "$2" hget "sluice:limit:$1:{$2}" recipients.1h |
		sed 's|/.*||' | grep . || echo 0
}
other_than() { # PORT: another master
	for other in 0 6000 12000; do
		other=$(cluster_master_of $other)
		[ "$other" = "$1" ] || break
	done
	echo "$other"
}

smtp "$POSTFIX_MX" 'EHLO a.example' "MAIL FROM:<tight@example.org>" \
	'@repeat 3 RCPT TO:<b%d@example.net>' QUIT
is "limits hold whose keys are on several nodes" \
	"$CODES" "220 250 250 250 250 450 221"
counted_pairs() {
	[ "$(counted pairs b1@example.net)$(counted pairs b2@example.net)" = "$1" ]
}
ok "and what was refused with the connection is given back there" \
	wait_for 5 counted_pairs 00
got=$(sluice -c "$T/daemon/sluice.conf" counters tight tight@example.org)
like "an operator finds a counter on its node" "$got" 'tight@example.org'

for port in $CLUSTER_PORTS; do
	ccli "$port" client list
done > "$T/clients"
is "the user of the URL asks every master" \
	"$(grep -c 'name=sluice .*user=sluice' "$T/clients" | sed 's/[3-9]$/3 or more/')" \
	"3 or more"
unlike "and no other does" "$(cat "$T/clients")" 'name=sluice .*user=default'

# --- a slot that moves -----------------------------------------------------
slot=$(cluster_slot moving@example.org)
load "$MX" --clients 4 --seconds 4 --from '<moving@example.org>' \
	> "$T/moving" &
moving=$!
moves=0
while is_running $moving; do
	to=$(other_than "$(cluster_master_of "$slot")")
	cluster_move_slot "$slot" "$to" 0.02 || bail "slot $slot does not move"
	moves=$((moves + 1))
	sleep 0.2
done
wait $moving
diag < "$T/moving"
moving=$(cat "$T/moving")
at_least "a slot was moved under load" $moves 3
is "nobody lost the connection" "$(count lost "$moving")" 0
is "every recipient is answered" \
	"$(($(count rcpt_250 "$moving") + $(count rcpt_451 "$moving")))" \
	"$(count mail_250 "$moving")"
at_most "hardly any is told to wait" "$(count rcpt_451 "$moving")" \
	$(($(count mail_250 "$moving") / 10))
is "and exactly what was accepted is counted" \
	"$(counted moving moving@example.org)" "$(count rcpt_250 "$moving")"
is "a moved slot is no outage" \
	"$(sluiced_since daemon | grep -Ec 'store .* is away')" 0

# --- a master that is killed -----------------------------------------------
victim_slot=$(cluster_slot victim@example.org)
old=$(cluster_master_of "$victim_slot")
n=0
while n=$((n + 1)); bystander=b$n@other.example; do
	[ "$(cluster_master_of "$(cluster_slot "$bystander")")" = "$old" ] || break
done
load "$MX" --clients 2 --seconds 9 --from '<victim@example.org>' \
	--pause 0.02 > "$T/victim" &
victim=$!
load "$MX" --clients 2 --seconds 9 --from "<$bystander>" \
	--pause 0.02 > "$T/bystander" &
other=$!
sleep 1
killed=$(now_ms)
cluster_kill "$old"
has_moved() {
	new=$(cluster_master_of "$victim_slot") &&
		[ -n "$new" ] && [ "$new" != "$old" ]
}
wait_for 20 has_moved || bail "no replica took over"
named=$(($(now_ms) - killed))
before=$(counted victim victim@example.org)
counts_again() {
	[ "$(counted victim victim@example.org)" -gt "$before" ]
}
ok "the new master is used by itself" wait_for 10 counts_again
gap=$(($(now_ms) - killed))
echo "# promoted after $named ms, used after $gap ms"
at_most "soon after it was promoted (ms)" $((gap - named)) 3000
wait $victim
wait $other
diag < "$T/victim"
diag < "$T/bystander"
victim=$(cat "$T/victim")
other=$(cat "$T/bystander")
is "nobody lost the connection" \
	"$(($(count lost "$victim") + $(count lost "$other")))" 0
is "every recipient is answered" \
	"$(($(count rcpt_250 "$victim") + $(count rcpt_451 "$victim")))" \
	"$(count mail_250 "$victim")"
at_least "in the gap by 451" "$(count rcpt_451 "$victim")" 1
is "what was taken is accepted at its end" \
	"$(count end_250 "$victim")" "$(count rcpt_250 "$victim")"
is "keys on other nodes see nothing of it" \
	"$(count end_250 "$other")" "$(count mail_250 "$other")"
is "and are counted exactly" \
	"$(counted bystander "$bystander")" "$(count rcpt_250 "$other")"
at_most "no answer took long (ms)" "$(count slowest_ms "$other")" 2500
is "one line told that a node was away" \
	"$(sluiced_since daemon | grep -Ec 'store .* is away')" 1
is "and none of a bug" \
	"$(sluiced_since daemon | grep -Ec 'bug|CROSSSLOT')" 0
ok "all counters are listed" sluice -c "$T/daemon/sluice.conf" counters
like "from every node" "$(cat "$T/tap.out")" 'victim'
like "from every node, indeed" "$(cat "$T/tap.out")" "$bystander"
done_testing
