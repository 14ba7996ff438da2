#!/bin/sh
# Three mail hosts (a Postfix and a daemon each) count in one Redis: still
# exactly 100 recipients pass.
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
ports=
for host in one two three; do
	sluiced_make $host <<-'END'
		limit pace 100/1h recipients by sasl.user
		on rcpt {
			pace: tempfail 450 4.7.1 "enough" if over pace
		}
	END
	sluiced_start $host
	postfix_start postfix-$host "$(sluiced_milter $host)"
	ports=$ports,$SUBMISSION
done
got=$(load "${ports#,}" --login joe --clients 9 --messages 10 --recipients 3)
printf '%s\n' "$got" | diag
is "exactly 100 of 270 recipients pass" "$(count rcpt_250 "$got")" 100
is "all others wait" "$(count rcpt_450 "$got")" 170
is "no connection broke" "$(count lost "$got")" 0
is "Redis holds 100" "$(slots pace joe recipients.1h)" 100
for host in one two three; do
	like "$host refused some of them" "$(sluiced_log $host)" 'rule=pace '
done
done_testing
