#!/bin/sh
# Three mail hosts (an MTA and a daemon each) with 50 connections each count
# in one Redis: whatever is counted, exactly the number passes.
#
# MTA: both
. "$(dirname "$0")/../lib/mta.sh"

redis_start
SLUICED_STORE=$REDIS_URL
ports=
for host in one two three; do
	sluiced_make $host <<-'END'
		limit pace    500/1h, 600/1d recipients by sasl.user if sasl.user == "joe"
		limit letters 100 daily messages by sasl.user if sasl.user == "ann"
		limit others  200/1d distinct rcpt.to by sasl.user if sasl.user == "bob"
		on mail {
			letters: tempfail 450 4.7.1 "enough" if over letters
		}
		on rcpt {
			pace:    tempfail 450 4.7.1 "enough" if over pace
		}
		on message {
			others:  tempfail 450 4.7.1 "enough" if over others
		}
	END
	# that a busy machine is slow is not what is tried here
	sluiced_set $host 'store_timeout = 3s'
	sluiced_start $host
	mta_start mail-$host "$(sluiced_milter $host)"
	ports=$ports,$SUBMISSION
done
ports=${ports#,}

got=$(load "$ports" --login joe --clients 150 --messages 2 --recipients 3)
printf '%s\n' "$got" | diag
is "exactly 500 of 900 recipients pass" "$(count rcpt_250 "$got")" 500
is "all others wait" "$(count rcpt_450 "$got")" 400
is "no connection broke" "$(count lost "$got")" 0
is "Redis holds 500" "$(slots pace joe recipients.1h)" 500
for host in one two three; do
	like "$host took part in it" "$(sluiced_log $host)" 'verdict .*user="joe"'
done

got=$(load "$ports" --login ann --clients 150 --messages 2)
is "exactly 100 of 300 messages pass" "$(count mail_250 "$got")" 100
is "  to their end" "$(count end_250 "$got")" 100
like "  in a day's count" "$(rcli hget 'sluice:limit:letters:{ann}' messages.daily)" \
	'^100/100 [0-9]{4}-[0-9]{2}-[0-9]{2}$'

# Each recipient of load is another one; charged at the end of the message.
got=$(load "$ports" --login bob --clients 150 --messages 2)
is "exactly 200 of 300 different recipients pass" "$(count end_250 "$got")" 200
is "  all others wait" "$(count end_450 "$got")" 100
is "  and those are remembered" "$(rcli zcard 'sluice:distinct:others:{bob}')" 200
for host in one two three; do
	unlike "$host never lost the store" "$(sluiced_log $host)" 'store .* is away'
done
done_testing
