#!/bin/sh
# store.sh - what a call of the store costs; beside `make bench`.
#
#   tests/bench/store.sh [-h]
#
# Many threads wait for a Redis of its own: beside us, and through a proxy that
# hands on its replies 0.1 ms and 2 ms later. One line for each number of
# connections, medians of all rounds, which take turns: calls a second, median
# and 99 % of latency, CPU time of a call here and in Redis. Environment:
#
#   ROUNDS=5 SECONDS=1   turns of each, seconds of a turn (one more to warm up)
#   THREADS="20 50"      that wait at the same time
#   CONNECTIONS="1 2 4 8 16"
#   DELAYS="0 100 2000"  microseconds
#   BENCH=PROGRAM        another build of store_bench, to compare
[ $# = 0 ] || { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0; }
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/redis.sh"

make -s -C "$TOP" BUILD="$BUILD" "$BUILD/bench/store_bench" \
	"$BUILD/lib/delay_proxy" || bail "it does not build"
bench=${BENCH:-$BUILD/bench/store_bench}
# shellcheck disable=SC3028 # some shells have a variable of that name
seconds=${SECONDS:-1}
[ "$seconds" -gt 0 ] || seconds=1

# proxy DELAY: sets PORT to one behind which Redis is so far away
proxy() {
	PORT=$REDIS_PORT
	[ "$1" -gt 0 ] || return 0
	PORT=$(free_port)
	"$BUILD/lib/delay_proxy" "$PORT" "$REDIS_PORT" "$1" < /dev/null &
	proxies="${proxies:-} $!"
	wait_for 5 is_listening "$PORT"
}
# shellcheck disable=SC2086,SC2317 # several pids; called at the exit
kill_proxies() {
	[ -z "${proxies:-}" ] || kill $proxies 2>/dev/null
}
at_exit kill_proxies

# The median of each name=value of the lines
medians() {
	tr ' ' '\n' < "$1" | sort -t = -k 1,1 -k 2,2n | awk -F = '
		function finish() {
			if (n)
				printf " %s=%s", name, value[int((n + 1) / 2)]
		}
		$1 != name { finish(); name = $1; n = 0 }
		{ value[++n] = $2 }
		END { finish(); print "" }'
}

redis_start
for delay in ${DELAYS:-0 100 2000}; do
	proxy "$delay"
	for threads in ${THREADS:-20 50}; do
		round=0
		while [ $round -lt "${ROUNDS:-5}" ]; do
			round=$((round + 1))
			for connections in ${CONNECTIONS:-1 2 4 8 16}; do
				"$bench" "redis://127.0.0.1:$PORT/0" "$threads" "$seconds" \
					"$connections" "$REDIS_PID" \
					>> "$T/$delay.$threads.$connections" ||
					bail "store_bench failed"
			done
		done
		for connections in ${CONNECTIONS:-1 2 4 8 16}; do
			printf 'delay_us=%s connections=%s' "$delay" "$connections"
			medians "$T/$delay.$threads.$connections"
		done
	done
done
