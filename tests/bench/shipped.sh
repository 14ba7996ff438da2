# shellcheck shell=sh disable=SC2154 # lib.sh sets what is not set here
# shipped.sh - the shipped rules and five limits, and rules of the envelope with
# the same limits, beside a filter that does nothing; memory; calls of Redis.

start_shipped() {
	start_sluiced shipped "$redis_url" "$TOP/rules/*.rules" \
		"$src/five-limits.rules"
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
	timeout 60 "$out/load" -i 1000 -m "$2" -k "$keys" ${login:+"$login"} -d "$daemon" \
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

bench_memory() {
	tell_memory
}

bench_shipped() {
	start_nothing
	start_shipped
	start_sluiced envelope "$redis_url" "$src/envelope.rules" \
		"$src/five-limits.rules"
	count_calls
	take_turns "nothing shipped envelope" "1 10"
	for n_messages in 1 10; do
		tell nothing shipped $n_messages 0.8 2 mark
		tell nothing envelope $n_messages 1.0 1.2 aim
	done
	tell_outages shipped envelope
	stop_filter nothing
	stop_filter shipped
	stop_filter envelope
}
