#!/bin/sh
# with-redis.sh COMMAND... - runs it with a Redis of its own; the word REDIS_URL
# among its arguments becomes that Redis' URL. Ends with the command's status.
. "$(dirname "$0")/tap.sh"
. "$TOP/tests/lib/redis.sh"
redis_start
for word in "$@"; do
	shift
	[ "$word" != REDIS_URL ] || word=$REDIS_URL
	set -- "$@" "$word"
done
"$@"
