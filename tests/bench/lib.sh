# shellcheck shell=sh
# lib.sh - what every part of the benchmark needs: filters that run beside each
# other, turns of the load generator, medians. Read by run.sh,
# which says what the environment means.

rounds=${ROUNDS:-5}
# shellcheck disable=SC3028 # some shells have a variable of that name
seconds=${SECONDS:-3}
[ "$seconds" -gt 0 ] || seconds=3
connections=${CONNECTIONS:-20}
daemon=${DAEMON:-mx}
login=
mail= # a mail file that is sent; made up without
[ "$daemon" = mx ] || login=-a
body=2000
headers=8
keys=10000 # few mails each: the shipped limits are real
out=$BUILD/bench
src=$TOP/tests/bench
redis_url="redis+unix://$T/redis.sock?db=0"

build() {
	mkdir -p "$out"
	[ -x "$BUILD/sluiced" ] || bail "no $BUILD/sluiced: run make first"
	# shellcheck disable=SC2046 # flags are several words
	${CC:-gcc} -std=c17 -D_GNU_SOURCE -O2 -o "$out/load" "$src/load.c" \
		"$src/options.c" "$src/dialogue.c" "$src/speech.c" \
		"$src/wire.c" "$src/tally.c" "$src/mail.c" &&
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

# start_sluiced NAME STORE RULES...
start_sluiced() {
	name=$1
	store=$2
	shift 2
	cat > "$T/$name.conf" <<-END
		listen = unix:$T/$name.sock
		store = $store
		store_prefix = $name
		rules = $*
		log = stderr
	END
	start_filter "$name" "$BUILD/sluiced" -f -c "$T/$name.conf"
}

start_nothing() {
	start_filter nothing "$out/nothing" "unix:$T/nothing.sock"
}

# run_load NAME FLAGS...: the report is in $T/report
run_load() {
	name=$1
	shift
	timeout 120 "$out/load" -c "$connections" -b "$body" -H "$headers" \
		-k "$keys" ${login:+"$login"} ${mail:+-f "$mail"} \
		-d "$daemon" "$@" "unix:$T/$name.sock" \
		< /dev/null > "$T/report" 2> "$T/load.err" ||
		bail "$name: $(cat "$T/load.err"; tail -n 3 "$T/$name.log")"
	refused=$(($(value connections_refused) + $(value messages_refused) +
		$(value rcpts_refused) + $(value discarded)))
	case $refused:${may_refuse:-} in
	0:* | *:yes) ;;
	*) bail "$name refused $refused times: $(tail -n 3 "$T/$name.log")" ;;
	esac
}

value() {
	sed -n "s/^$1 //p" "$T/report" | grep . || echo 0
}

# CPU seconds of a process so far
cpu() {
	awk '{ print ($14 + $15) / 100 }' "/proc/$(cat "$T/$1.pid")/stat"
}

# One turn is a line: filter, messages a connection, messages/s (refused ones
# count), p50, p99, CPU of a message (filter, Redis, load; all in us), replies
# waited for, runs of the script.
take_turn() {
	cpu_before=$(cpu "$1")
	redis_before=$(cpu redis)
	calls_before=$(redis_calls)
	run_load "$1" -m "$2" -t "$seconds"
	awk -v name="$1" -v m="$2" -v before="$cpu_before" \
		-v after="$(cpu "$1")" -v redis="$(cpu redis)" \
		-v redis_before="$redis_before" -v calls="$(redis_calls)" \
		-v calls_before="$calls_before" '
		{ v[$1] = $2 }
		END {
			n = v["messages"] + v["messages_refused"]
			if (n == 0)
				n = 1
			print name, m, n / v["seconds"],
				v["message_us_p50"] + 0,
				v["message_us_p99"] + 0,
				(after - before) / n * 1e6,
				(redis - redis_before) / n * 1e6,
				v["cpu_sec"] / n * 1e6, v["waits"] / n,
				(calls - calls_before) / n
		}' "$T/report" >> "$T/turns"
}

# take_turns "FILTER..." "MESSAGES...": in each round all filters, so that what
# slows the machine down slows all of them
take_turns() {
	: > "$T/turns"
	for filter in $1; do
		run_load "$filter" -m 1 -t 1 # makes its threads, fills caches
	done
	for n_messages in $2; do
		round=0
		order=$1
		while [ $round -lt "$rounds" ]; do
			for filter in $order; do
				take_turn "$filter" "$n_messages"
			done
			case $order in
			*' '*) order="${order#* } ${order%% *}" ;;
			esac
			round=$((round + 1))
		done
	done
}

# tell BASE NAME MESSAGES RATE-MARK P99-MARK WHAT-A-MARK-IS: medians of all
# rounds; of ratios, too, for what slows a whole round down is in both numbers.
# A mark of 0 is none.
tell() {
	awk -v base="$1" -v name="$2" -v m="$3" -v rate="$4" -v p99="$5" \
		-v kind="$6" '
	$1 == name || $1 == base {
		if ($2 != m)
			next
		n = ++rounds[$1]
		for (i = 3; i <= NF; i++)
			v[$1, i, n] = $i
	}
	function median(what, column, is_ratio,    i, j, x, sorted) {
		for (i = 1; i <= n; i++) {
			x = v[what, column, i]
			if (is_ratio)
				x /= v[base, column, i]
			for (j = i; j > 1 && sorted[j - 1] > x; j--)
				sorted[j] = sorted[j - 1]
			sorted[j] = x
		}
		return (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2
	}
	function both(column, scale) {
		return sprintf("%.1f of %.1f", median(name, column) / scale,
			median(base, column) / scale)
	}
	function judge(reached, mark) {
		if (mark == 0)
			return ""
		return sprintf("(%s %.1f: %s)", kind, mark,
			reached ? "reached" : "not reached")
	}
	END {
		ratio = median(name, 3, 1)
		printf "%-9s %2d  %d messages/s of %d: %.2f %s\n", name, m,
			median(name, 3), median(base, 3), ratio,
			judge(ratio >= rate, rate)
		ratio = median(name, 5, 1)
		printf "%13s p99 %s ms: %.2f %s; p50 %s ms\n", "",
			both(5, 1e3), ratio, judge(ratio < p99, p99),
			both(4, 1e3)
		printf "%13s CPU of a message: filter %s us: %.2f; Redis %d" \
			" us, load %s us; replies waited for: %s; Redis" \
			" asked %.2f times\n", "",
			both(6, 1), median(name, 6, 1), median(name, 7),
			both(8, 1), both(9, 1), median(name, 10)
	}' "$T/turns"
}

judge() {
	if "$@"; then echo reached; else echo "not reached"; fi
}

# Runs of the script that charges; what the daemon writes of itself every few
# seconds is not called by its digest.
redis_calls() {
	rcli info commandstats | tr -d '\r' |
		sed -n 's/^cmdstat_evalsha:calls=\([0-9]*\),.*/\1/p' |
		grep . || echo 0
}

# When the machine is too busy for Redis to answer in time, limits do without
# it, and the numbers are too good.
tell_outages() { # FILTER...
	for filter; do
		n=$(grep -c 'store .* is away' "$T/$filter.log")
		[ "$n" = 0 ] || echo "$filter: the store was away $n times"
	done
}

