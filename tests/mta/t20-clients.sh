#!/bin/sh
# Eight clients at once against one limit of 100: exactly 100 recipients pass.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit pace 100/1h recipients by sasl.user
on rcpt {
	pace: tempfail 450 4.7.1 "enough" if over pace
}
END
# that a busy machine is slow is not what is tried here
sluiced_set daemon 'store_timeout = 3s'
sluiced_start daemon
mta_start mail "$(sluiced_milter daemon)"

got=$(load "$SUBMISSION" --login joe --clients 8 --messages 10 --recipients 3)
printf '%s\n' "$got" | diag
is "exactly 100 of 240 recipients pass" "$(count rcpt_250 "$got")" 100
is "all others wait" "$(count rcpt_450 "$got")" 140
is "no connection broke" "$(count lost "$got")" 0
is "every message with a recipient was accepted" \
	"$(count end_250 "$got")" "$(count data_354 "$got")"
is "Redis holds 100" "$(slots pace joe recipients.1h)" 100
got=$(load "$SUBMISSION" --login anna --clients 8 --messages 1 --recipients 5)
is "another user's are not touched by it" "$(count rcpt_250 "$got")" 40
done_testing
