#!/bin/sh
# redis_bytes.sh [N] - what a key costs in Redis: N keys (100,000 if not said)
# are charged by charge.lua itself, with names as they are in production, and
# used_memory before and after is compared. That is all of it: value, name,
# expiry, and the places in Redis' own tables.
#
# Prints one line for each kind of key; 1 if one costs more than it may.
set -u
cd "$(dirname "$0")/../.." || exit 2
N=${1:-100000}
build=${SLUICE_BUILD:-build}
LC_ALL=C
export LC_ALL
T=$(mktemp -d) || exit 2
PID=
stop() {
	[ -z "$PID" ] || kill "$PID" 2>/dev/null
	rm -rf "$T"
}
trap stop EXIT
trap 'exit 130' INT TERM

ask() {
	redis-cli -s "$T/sock" "$@"
}

redis-server --port 0 --unixsocket "$T/sock" --save '' --appendonly no \
	--dir "$T" --logfile "$T/log" < /dev/null > /dev/null 2>&1 &
PID=$!
tries=0
until ask ping > /dev/null 2>&1; do
	tries=$((tries + 1))
	[ "$tries" -lt 100 ] || { echo "redis-server does not start"; exit 2; }
	sleep 0.1
done
make -s BUILD="$build" "$build/gen/charge.lua" || exit 2
SHA=$(ask -x script load < "$build/gen/charge.lua")

used() {
	ask info memory | tr -d '\r' | sed -n 's/^used_memory://p'
}

# One EVALSHA for each key, as the Redis protocol. Words: those of one item.
questions() {
	awk -v n="$N" -v sha="$SHA" -v kind="$1" -v words="$2" '
	function arg(s) { printf "$%d\r\n%s\r\n", length(s), s }
	BEGIN {
		n_words = split(words, word, " ")
		for (i = 0; i < n; i++) {
			id = sprintf("user-pace:{anna%05d@example.org}", i)
			n_keys = kind == "distinct" ? 3 : 2
			printf "*%d\r\n", 3 + n_keys + 3 + n_words
			arg("EVALSHA"); arg(sha); arg(n_keys)
			arg("sluice:" kind ":" id)
			arg("sluice:grant:" id)
			if (n_keys == 3)
				arg("sluice:lock:" id)
			arg(""); arg(""); arg(1)
			for (w = 1; w <= n_words; w++)
				arg(word[w])
		}
	}'
}

failed=0
measure() { # NAME MOST KIND WORDS
	ask flushall > /dev/null
	before=$(used)
	questions "$3" "$4" | ask --pipe > "$T/pipe" 2>&1 ||
		{ cat "$T/pipe"; exit 2; }
	after=$(used)
	keys=$(ask dbsize)
	[ "$keys" = "$N" ] || { echo "$keys keys instead of $N"; exit 2; }
	bytes=$(((after - before) / N))
	printf '%-34s %4d bytes a key (at most %s)\n' "$1" "$bytes" "$2"
	[ "$bytes" -le "$2" ] || failed=1
}

minute='recipients.1m 20 60'
hour='recipients.1h 200 3600'
week='recipients.1w 2000 604800'
measure 'one window' 240 limit "charge 1 1 0 $minute"
measure 'three windows' 340 limit "charge 1 3 0 $minute $hour $week"
measure 'a day' 240 limit 'charge 1 1 0 recipients.1d 200 86400'
measure 'distinct, 4 values' 340 distinct \
	'charge 0 1 7 distinct.1d 6 86400 0 mx1 0 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/64'
exit "$failed"
