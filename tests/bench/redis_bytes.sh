#!/bin/sh
# redis_bytes.sh - how much memory a counter takes in Redis.
#
#   tests/bench/redis_bytes.sh [-h]
#
# Fills a private Redis with counters as charge.lua leaves them (names, fields,
# expiry; tests/unit/test_ledger_schema.c shows that it does) and tells the
# growth of used_memory for each key: with one window, with three, and of a
# million keys. Environment:
#
#   KEYS=1000000             with one window; half as many with three
#   SERVER=redis-server      or a valkey-server
#
# Marks: at most 240 bytes with one window, 340 with three.
[ $# = 0 ] || { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0; }
. "$(dirname "$0")/../lib/tap.sh"

keys=${KEYS:-1000000}
server=${SERVER:-redis-server}

rcli() {
	timeout 120 redis-cli -s "$T/redis.sock" "$@"
}

# shellcheck disable=SC2317 # called at the exit
kill_redis() {
	kill -KILL "$redis" 2>/dev/null
}

used_memory() {
	rcli info memory | tr -d '\r' | sed -n 's/^used_memory://p'
}

# put_counters KEYS WINDOWS: in Redis' own protocol
put_counters() {
	awk -v keys="$1" -v windows="$2" -v now="$(date +%s)" '
	function put(words,    n, i, word) {
		n = split(words, word, "|")
		printf "*%d\r\n", n
		for (i = 1; i <= n; i++)
			printf "$%d\r\n%s\r\n", length(word[i]), word[i]
	}
	BEGIN {
		value["1m"] = "3/20 " int(now / 7.5) " 0 0 0 0 0 1 0 0 2"
		value["1h"] = "42/200 " int(now / 450) " 0 0 5 12 25 0 0 0 0"
		value["1d"] = "180/1500 " int(now / 10800) \
			" 0 0 5 12 25 60 0 36 42"
		for (i = 0; i < keys; i++) {
			key = sprintf("sluice:limit:user-pace:{u%06d@example.org}", i)
			fields = "|recipients.1h|" value["1h"]
			if (windows == 3)
				fields = "|recipients.1m|" value["1m"] fields \
					"|recipients.1d|" value["1d"]
			put("HSET|" key fields)
			put("PEXPIRE|" key "|90000000")
		}
	}'
}

# measure KEYS WINDOWS MARK
measure() {
	rcli flushall > /dev/null
	before=$(used_memory)
	put_counters "$1" "$2" | rcli --pipe > "$T/fill" ||
		bail "cannot fill: $(tail -n 2 "$T/fill")"
	[ "$(rcli dbsize)" = "$1" ] || bail "not $1 keys: $(rcli dbsize)"
	bytes=$((($(used_memory) - before) / $1))
	if [ "$bytes" -le "$3" ]; then
		said=reached
	else
		said='not reached'
	fi
	echo "$1 counters with $2 window(s): $bytes bytes each (at most $3: $said), $((bytes * $1 / 1000000)) MB"
}

"$server" --port 0 --unixsocket "$T/redis.sock" --dir "$T" --save '' \
	--appendonly no --logfile "$T/redis.log" < /dev/null > /dev/null 2>&1 &
redis=$!
at_exit kill_redis
wait_for 10 rcli ping || bail "no $server: $(tail -n 5 "$T/redis.log")"
measure "$keys" 1 240
measure $((keys / 2)) 3 340
