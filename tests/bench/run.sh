#!/bin/sh
# run.sh - how fast sluiced is beside a filter that does nothing; `make bench`.
#
#   tests/bench/run.sh [-h]
#
# Three filters run all the time and take turns: nothing (libmilter, "continue"
# to everything), sluiced with the shipped rules and five limits, sluiced with
# rules of the envelope and the same limits. Each turn is a run of the load
# generator; what is told are medians of all rounds, as ratios to nothing: the
# machine's own speed falls out. Environment:
#
#   ROUNDS=5 SECONDS=4   turns of each filter, seconds of a turn
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

rounds=${ROUNDS:-5}
# shellcheck disable=SC3028 # some shells have a variable of that name
seconds=${SECONDS:-4}
connections=${CONNECTIONS:-20}
daemon=${DAEMON:-mx}
login=
[ "$daemon" = mx ] || login=-a
body=2000
headers=8
keys=10000 # few mails each: the shipped limits are real
out=$BUILD/bench
src=$TOP/tests/bench

build() {
	mkdir -p "$out"
	[ -x "$BUILD/sluiced" ] || bail "no $BUILD/sluiced: run make first"
	# shellcheck disable=SC2046 # flags are several words
	${CC:-gcc} -std=c17 -D_GNU_SOURCE -O2 -o "$out/load" "$src/load.c" \
		"$src/options.c" "$src/dialogue.c" "$src/speech.c" \
		"$src/wire.c" "$src/tally.c" &&
		${CC:-gcc} -std=c17 -D_GNU_SOURCE -O2 -o "$out/nothing" \
			"$src/nothing.c" -pthread \
			$(pkg-config --cflags --libs milter) ||
		bail "cannot build load and nothing"
}

rcli() {
	timeout 5 redis-cli -s "$T/redis.sock" "$@"
}

start_redis() {
	redis-server --port 0 --unixsocket "$T/redis.sock" --dir "$T" \
		--save '' --appendonly no --logfile "$T/redis.log" \
		< /dev/null > /dev/null 2>&1 &
	echo $! > "$T/redis.pid"
	wait_for 10 rcli ping || bail "no Redis: $(tail -n 5 "$T/redis.log")"
}

# start_filter NAME COMMAND...: on unix:$T/NAME.sock; stderr is its log
start_filter() {
	name=$1
	shift
	"$@" < /dev/null > /dev/null 2> "$T/$name.log" &
	echo $! > "$T/$name.pid"
	wait_for 20 is_listening "$T/$name.sock" ||
		bail "$name does not listen: $(tail -n 5 "$T/$name.log")"
}

stop_filter() {
	end_process "$(cat "$T/$1.pid")" 10
	rm "$T/$1.pid"
}

# Nothing that they hold is worth a clean end.
# shellcheck disable=SC2317 # called at the exit
kill_all() {
	cat "$T"/*.pid 2>/dev/null | xargs -r kill -KILL
}
at_exit kill_all

# start_sluiced NAME RULES...
start_sluiced() {
	name=$1
	shift
	cat > "$T/$name.conf" <<-END
		listen = unix:$T/$name.sock
		store = redis+unix://$T/redis.sock?db=0
		store_prefix = $name
		rules = $*
		log = stderr
	END
	start_filter "$name" "$BUILD/sluiced" -f -c "$T/$name.conf"
}

start_shipped() {
	start_sluiced shipped "$TOP/rules/*.rules" "$src/five-limits.rules"
}

start_envelope() {
	start_sluiced envelope "$src/envelope.rules" "$src/five-limits.rules"
}

start_nothing() {
	start_filter nothing "$out/nothing" "unix:$T/nothing.sock"
}

# run_load NAME FLAGS...: the report is in $T/report
run_load() {
	name=$1
	shift
	timeout 120 "$out/load" -c "$connections" -b $body -H $headers \
		-k $keys $login -d "$daemon" "$@" "unix:$T/$name.sock" \
		< /dev/null > "$T/report" 2> "$T/load.err" ||
		bail "$name: $(cat "$T/load.err"; tail -n 3 "$T/$name.log")"
	refused=$(($(value connections_refused) + $(value messages_refused) +
		$(value rcpts_refused) + $(value discarded)))
	[ "$refused" = 0 ] ||
		bail "$name refused mail: $(tail -n 3 "$T/$name.log")"
}

value() {
	sed -n "s/^$1 //p" "$T/report" | grep . || echo 0
}

# CPU seconds of a process so far
cpu() {
	awk '{ print ($14 + $15) / 100 }' "/proc/$(cat "$T/$1.pid")/stat"
}

# One turn is a line: filter, messages a connection, messages/s, p50, p99, CPU
# of a message (filter, Redis, load; all in us), replies waited for.
take_turn() {
	cpu_before=$(cpu "$1")
	redis_before=$(cpu redis)
	run_load "$1" -m "$2" -t "$seconds"
	awk -v name="$1" -v m="$2" -v before="$cpu_before" \
		-v after="$(cpu "$1")" -v redis="$(cpu redis)" \
		-v redis_before="$redis_before" '
		{ v[$1] = $2 }
		END {
			n = v["messages"] ? v["messages"] : 1
			print name, m, v["messages_per_sec"],
				v["message_us_p50"], v["message_us_p99"],
				(after - before) / n * 1e6,
				(redis - redis_before) / n * 1e6,
				v["cpu_sec"] / n * 1e6, v["waits"] / n
		}' "$T/report" >> "$T/turns"
}

take_turns() {
	for filter in nothing shipped envelope; do
		run_load $filter -m 1 -t 1 # makes its threads, fills caches
	done
	for n_messages in 1 10; do
		round=0
		order="nothing shipped envelope"
		while [ $round -lt "$rounds" ]; do
			for filter in $order; do
				take_turn "$filter" $n_messages
			done
			order="${order#* } ${order%% *}"
			round=$((round + 1))
		done
	done
}

# tell NAME MESSAGES RATE-MARK P99-MARK WHAT-A-MARK-IS: medians of all rounds;
# of ratios, too, for what slows a whole round down is in both its numbers.
tell() {
	awk -v name="$1" -v m="$2" -v rate="$3" -v p99="$4" -v kind="$5" '
	$1 == name || $1 == "nothing" {
		if ($2 != m)
			next
		n = ++rounds[$1]
		for (i = 3; i <= NF; i++)
			v[$1, i, n] = $i
	}
	function median(what, column, base,    i, j, x, sorted) {
		for (i = 1; i <= n; i++) {
			x = v[what, column, i]
			if (base)
				x /= v["nothing", column, i]
			for (j = i; j > 1 && sorted[j - 1] > x; j--)
				sorted[j] = sorted[j - 1]
			sorted[j] = x
		}
		return (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2
	}
	function both(column, scale) {
		return sprintf("%.1f of %.1f", median(name, column) / scale,
			median("nothing", column) / scale)
	}
	function judge(reached, mark) {
		return sprintf("(%s %.1f: %s)", kind, mark,
			reached ? "reached" : "not reached")
	}
	END {
		ratio = median(name, 3, 1)
		printf "%-9s %2d  %d messages/s of %d: %.2f %s\n", name, m,
			median(name, 3), median("nothing", 3), ratio,
			judge(ratio >= rate, rate)
		ratio = median(name, 5, 1)
		printf "%13s p99 %s ms: %.2f %s; p50 %s ms\n", "",
			both(5, 1e3), ratio, judge(ratio < p99, p99),
			both(4, 1e3)
		printf "%13s CPU of a message: filter %s us: %.2f; Redis %d" \
			" us, load %s us; replies waited for: %s\n", "",
			both(6, 1), median(name, 6, 1), median(name, 7),
			both(8, 1), both(9, 1)
	}' "$T/turns"
}

judge() {
	if "$@"; then echo reached; else echo "not reached"; fi
}

redis_calls() {
	rcli info commandstats | tr -d '\r' |
		sed -n 's/^cmdstat_eval\(sha\)\{0,1\}:calls=\([0-9]*\),.*/\2/p' |
		awk '{ n += $1 } END { print n + 0 }'
}

# Each limit's stage is to ask once: connect, MAIL, every RCPT.
count_calls() {
	run_load shipped -m 1 -n "$connections" # the script is known now
	before=$(redis_calls)
	run_load shipped -m 10 -n 50 -r 3
	sleep 0.3 # for what is not waited for
	got=$(($(redis_calls) - before))
	want=$((50 + 50 * 10 + 50 * 10 * 3))
	echo "Redis calls: $got for 50 connections, 500 messages, 1500" \
		"recipients: at most one a stage ($want):" \
		"$(judge [ $got -le $want ])"
	[ $got -le $want ] || failed=1
	[ $got -ge $want ] || bail "the limits were not charged at every stage"
}

# When the machine is too busy for Redis to answer in time, limits do without
# it, and the numbers are too good.
tell_outages() {
	for filter in shipped envelope; do
		n=$(grep -c 'store .* is away' "$T/$filter.log")
		[ "$n" = 0 ] || echo "$filter: the store was away $n times"
	done
}

# KiB of a field of the process' memory
memory() {
	sed -n "s/^$2: *\([0-9]*\) kB/\1/p" \
		"/proc/$(cat "$T/$1.pid")/smaps_rollup"
}

# Sets bytes: of each of 1,000 connections that are silent after -m messages.
weigh_idle() {
	filter=$1
	before=$(memory "$filter" Rss)
	mkfifo "$T/fifo"
	timeout 60 "$out/load" -i 1000 -m "$2" -k $keys $login -d "$daemon" \
		"unix:$T/$filter.sock" < "$T/fifo" > "$T/idle" 2> "$T/load.err" &
	load_pid=$!
	exec 3> "$T/fifo"
	wait_for 30 grep -q '^idle' "$T/idle" ||
		bail "$filter: $(cat "$T/load.err")"
	after=$(memory "$filter" Rss)
	exec 3>&-
	wait $load_pid || bail "$filter: $(cat "$T/load.err")"
	rm "$T/fifo"
	bytes=$(((after - before) * 1024 / 1000))
}

# Each time with a new daemon: memory that was freed before is used again.
tell_memory() {
	for m in 0 1; do
		start_shipped
		rss=$(memory shipped Rss)
		pss=$(memory shipped Pss)
		run_load shipped -m 1 -n "$connections" # its threads are there
		weigh_idle shipped $m
		stop_filter shipped
		[ $m = 1 ] ||
			echo "memory at start: $rss KiB resident, $pss KiB its" \
				"share (20 MB: $(judge [ "$rss" -lt 20000 ]))"
		echo "an idle connection after $m messages: $bytes bytes" \
			"(8 KiB: $(judge [ "$bytes" -lt 8192 ]))"
	done
}

failed=0
build
start_redis
echo "$connections connections, unix sockets, body of $body bytes, $headers" \
	"headers, 1 recipient, $keys keys (client, sender${login:+, login});" \
	"$rounds rounds of $seconds s, medians; daemon.name $daemon"
echo "log sink: stderr to a file; store: Redis" \
	"$(rcli info server | tr -d '\r' | sed -n 's/^redis_version://p') on a" \
	"unix socket; the second number of a line: messages a connection"
tell_memory
start_nothing
start_shipped
start_envelope
count_calls
take_turns
for n_messages in 1 10; do
	tell shipped $n_messages 0.8 2 mark
	tell envelope $n_messages 1.0 1.2 aim
done
tell_outages
exit $failed
