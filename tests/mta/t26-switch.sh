#!/bin/sh
# A rule is switched to be observed, and back, on all hosts while they run.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
mx_one='' mx_two=''
for host in one two; do
	sluiced_make $host <<-'END'
		on rcpt {
			strict: reject 550 5.7.1 "strictly no" if rcpt.to == "no@example.net"
			other:  reject 550 5.7.1 "no, too" if rcpt.to == "other@example.net"
		}
	END
	sluiced_set $host "host = mx-$host"
	sluiced_start $host
	mta_start mail-$host "$(sluiced_milter $host)"
	eval "mx_$host=$MX"
	sluiced_mark $host
done
conf=$T/one/sluice.conf

answers() { # PORT TO WANTED
	smtp "$1" 'EHLO a.example' 'MAIL FROM:<a@example.org>' "RCPT TO:<$2>" QUIT
	[ "$CODES" = "220 250 250 $3 221" ]
}
both_answer() { # TO WANTED
	answers "$mx_one" "$1" "$2" && answers "$mx_two" "$1" "$2"
}
# within two seconds, and what the two dialogues take
soon() {
	soon_since=$(now_ms)
	wait_for 4 "$@" && [ $(($(now_ms) - soon_since)) -le 2500 ]
}
ok "both hosts refuse" both_answer no@example.net 550
ok "the rule is switched" sluice -c "$conf" observe strict for 1h reason "a test"
ok "both hosts let it pass within two seconds" soon both_answer no@example.net 250
ok "other rules are as they were" both_answer other@example.net 550
like "the log says when, who and why" "$(sluiced_since two)" \
	'switch .*rule="strict" mode=observe until=[0-9]+ by=.* reason="a test"'
like "and what would have been" "$(sluiced_since two)" 'verdict .*action=reject observed=yes .*rule=strict'
ok "one says the switch ends" sluice -c "$conf" enforce strict reason "test is over"
ok "both hosts refuse again within two seconds" soon both_answer no@example.net 550
ok "the log says so" wait_for 2 sluiced_says two 'switch .*rule="strict" mode=as-written'

ok "a switch for three seconds" sluice -c "$conf" observe strict for 3s reason "short"
ok "  begins" soon both_answer no@example.net 250
redis_kill
ok "  holds without Redis" both_answer no@example.net 250
ok "  and ends by itself, still without Redis" wait_for 5 both_answer no@example.net 550
redis_start
ok "an emptied Redis has no switches" both_answer no@example.net 550
done_testing
