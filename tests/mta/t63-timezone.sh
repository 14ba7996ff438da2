#!/bin/sh
# `timezone` says what time it is for rules, whatever zone the host is in.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"

sluiced_make daemon <<'END'
on rcpt { r: reject 550 5.7.1 "hour ${time.hour}" if rcpt.to == "x@example.net" }
END
sluiced_set daemon 'timezone = Asia/Tokyo'
sluiced_start daemon
before=$(TZ=Asia/Tokyo date +%-H)
GOT=$(milter "$T/daemon/sock" 'connect h.example 192.0.2.1' 'helo h' \
	'mail <a@example.org>' 'rcpt <x@example.net>')
after=$(TZ=Asia/Tokyo date +%-H)
like "time.hour is that of the zone" "$GOT" "hour ($before|$after) "
done_testing
