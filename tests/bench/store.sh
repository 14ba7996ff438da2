#!/bin/sh
# store.sh - what a call of the store costs; beside `make bench`.
#
#   tests/bench/store.sh [-h | -q]
#
# Many threads wait for a Redis of its own: beside us, and through a proxy that
# hands on its replies 0.1 ms and 2 ms later. They ask in several ways, each
# with a number of connections: "shared" is the store itself, whose waiting
# callers share writes and reads; "pool" lends each of them a connection of its
# own; "iothread" has a thread for each connection. Medians of all rounds, in
# which the ways take turns: calls a second, median and 99 % of latency, CPU
# time of a call here and in Redis; and how many calls failed in all rounds.
# It takes four minutes; with -q, 30 seconds, of which only failures and orders
# of magnitude say anything. Environment:
#
#   ROUNDS=5 SECONDS=1   turns of each, seconds of a turn (a half to warm up)
#   THREADS="20 50"      that wait at the same time
#   CLIENTS="shared-4 pool-4 pool-16 iothread-1 iothread-2"
#   DELAYS="0 100 2000"  microseconds
#   BENCH=PROGRAM        another build of store_bench, to compare
case ${1:-} in
'' | -q) ;;
*) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/redis.sh"

make -s -C "$TOP" BUILD="$BUILD" "$BUILD/bench/store_bench" \
	"$BUILD/lib/delay_proxy" || bail "it does not build"
bench=${BENCH:-$BUILD/bench/store_bench}
# shellcheck disable=SC3028 # some shells have a variable of that name
seconds=${SECONDS:-1}
[ "$seconds" -gt 0 ] || seconds=1
rounds=${ROUNDS:-5}
[ "${1:-}" != -q ] || { rounds=1; seconds=0.2; }

# proxy DELAY: sets PORT to one behind which Redis is so far away
proxy() {
	PORT=$REDIS_PORT
	[ "$1" -gt 0 ] || return 0
	PORT=$(free_port)
	"$BUILD/lib/delay_proxy" "$PORT" "$REDIS_PORT" "$1" < /dev/null &
	proxies="${proxies:-} $!"
	wait_for 5 is_listening "$PORT" || bail "no delay_proxy"
}
# shellcheck disable=SC2086,SC2317 # several pids; called at the exit
kill_proxies() {
	[ -z "${proxies:-}" ] || kill $proxies 2>/dev/null
}
at_exit kill_proxies

# tell DELAY THREADS CLIENT: a line of the table, from the lines of all rounds
tell() {
	tr ' ' '\n' < "$T/$1.$2.$3" | sort -t = -k 1,1 -k 2,2n |
		awk -F = -v delay="$1" -v threads="$2" -v client="$3" '
		{ value[$1, ++n[$1]] = $2; sum[$1] += $2 }
		function median(name) {
			return value[name, int((n[name] + 1) / 2)]
		}
		END {
			printf "%8d %7d  %-11s %7d %7d %7d %7.1f %8.1f %8d\n",
				delay, threads, client,
				median("calls_per_s"), median("p50_us"),
				median("p99_us"), median("cpu_us"),
				median("redis_cpu_us"), sum["failures"]
		}'
}

# turn DELAY THREADS CLIENT
turn() {
	timeout 60 "$bench" "redis://127.0.0.1:$PORT/0" "$3" "$2" "$seconds" \
		"$REDIS_PID" >> "$T/$1.$2.$3" ||
		bail "store_bench failed: $3, $2 threads, $1 us"
}

clients=${CLIENTS:-shared-4 pool-4 pool-16 iothread-1 iothread-2}
echo "delay_us threads  client      calls/s  p50_us  p99_us  CPU_us" \
	"Redis_us failures"
redis_start
for delay in ${DELAYS:-0 100 2000}; do
	proxy "$delay"
	for threads in ${THREADS:-20 50}; do
		round=0
		order=$clients
		while [ $round -lt "$rounds" ]; do
			for client in $order; do
				turn "$delay" "$threads" "$client"
			done
			# another one first, so that none profits from its place
			case $order in
			*' '*) order="${order#* } ${order%% *}" ;;
			esac
			round=$((round + 1))
		done
		for client in $clients; do
			tell "$delay" "$threads" "$client"
		done
	done
done
