#!/bin/sh
# run.sh - how fast sluiced is beside a filter that does nothing; `make bench`.
#
#   tests/bench/run.sh [-h]
#
# Filters run at the same time and take turns: "nothing" (libmilter, "continue"
# to everything) and sluiced with this and that. Each turn is a run of the load
# generator; what is told are medians of all rounds, as ratios: the machine's
# own speed falls out. Environment:
#
#   BENCH="limits over"  only these parts; all are, in this order:
#                        memory    of the daemon, and of an idle connection
#                        shipped   shipped rules, envelope rules, five limits each
#                        mime      MB/s of taking mails apart
#                        content   a hundred patterns, a mail of several parts
#                        patterns  10, 100, 1,000 on a body of 100 KiB
#                        limits    five limits at three stages; twenty
#                        over      a client over its limit beside one that is not
#                        breaker   Redis away beside the store in memory
#                        bytes     that a key takes in Redis, and a million of them
#                        scale     the tool among a million keys
#                        ledger    what the tool asks, of twenty limits
#   ROUNDS=5 SECONDS=3   turns of each filter, seconds of a turn
#   CONNECTIONS=20       at a time
#   DAEMON=mx            the daemon.name that the mail comes in by; with a login
#                        if it is another, submission for one
#   SLUICE_BUILD=build   where sluiced is; what is built goes to its bench/
#
# Ends with 1 if something did not work or Redis was asked more than once a
# stage. Marks of speed and memory are printed as reached or not: on a busy
# machine they say little.
[ $# = 0 ] || { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0; }
. "$(dirname "$0")/../lib/tap.sh"

parts='memory shipped mime content patterns limits over breaker bytes scale ledger'

. "$TOP/tests/bench/lib.sh"
. "$src/shipped.sh"
. "$src/limits.sh"
. "$src/content.sh"
. "$src/mime.sh"
. "$src/patterns.sh"
. "$src/scale.sh"

failed=0
build
start_redis
echo "$connections connections, unix sockets, body of $body bytes, $headers" \
	"headers, 1 recipient, $keys keys (client, sender${login:+, login});" \
	"$rounds rounds of $seconds s, medians; daemon.name $daemon"
echo "log sink: stderr to a file; store: Redis" \
	"$(rcli info server | tr -d '\r' | sed -n 's/^redis_version://p') on a" \
	"unix socket; the second number of a line: messages a connection"
for part in ${BENCH:-$parts}; do
	case " $parts " in
	*" $part "*) ;;
	*) bail "there is no part '$part'; there are: $parts" ;;
	esac
	echo "-- $part"
	"bench_$part"
	rcli flushall > /dev/null
done
exit $failed
