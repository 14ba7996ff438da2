#!/bin/sh
# What MTAs really say: recordings of Postfix and Sendmail, packet by packet,
# get the answers they got when they were made (fidelity/record.sh makes them
# anew); and miltertest, a client of somebody else's, plays MTAs of all ages.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
here=$TOP/tests/mta/fidelity

sluiced_make daemon < "$here/all.rules"
sluiced_start daemon
socket=$(sluiced_address daemon)

for recording in "$here"/*.seq; do
	name=$(basename "$recording" .seq)
	ok "$name" timeout 20 python3 "$TOP/tests/lib/milter.py" \
		--replay "$recording" "$socket"
	# A replay of nothing would be fine, too.
	at_least "  packets" "$(grep -c '^[<>]' "$recording")" 9
done

sluiced_mark daemon
for script in versions aborts; do
	ok "miltertest: $script" timeout 30 miltertest -s "$here/$script.lua" \
		-D "SOCKET=unix:$socket" -D "DIR=$here"
done
for what in 'quarantine' 'changes of recipients' 'a change of the sender' \
	'adding header' 'changing header' 'a choice of macros'; do
	is "an MTA without $what: the log says so once" \
		"$(sluiced_since daemon | grep -c "MTA does not offer $what")" 1
done
like "and names each message that missed a change" "$(sluiced_since daemon)" \
	'error: add-header was not done to message [a-z0-9-]+: the MTA does not offer it'

for cycle in 1 2 3; do
	timeout 20 python3 "$TOP/tests/lib/milter.py" --replay \
		"$here/postfix-plain.seq" "$socket" > "$T/cycle$cycle" 2>&1 &
	timeout 20 python3 "$TOP/tests/lib/milter.py" --replay \
		"$here/sendmail-refused.seq" "$socket" > "$T/cycle$cycle.b" 2>&1 &
done
wait_all() {
	[ "$(cat "$T"/cycle* | grep -c ' 0 differ$')" = 6 ]
}
ok "both at once on one daemon" wait_for 15 wait_all
done_testing
