# shellcheck shell=sh disable=SC2154 # lib.sh sets what is not set here
# scale.sh - how large the store gets, and whether an operator still gets an
# answer at once in a large one.

SCALE_KEYS=${SCALE_KEYS:-1000000}
SCALE_GRANTS=${SCALE_GRANTS:-100000}
SCALE_MARK_MS=50

bench_bytes() {
	"$src/redis_bytes.sh"
}

bench_ledger() {
	"$src/ledger_scale.sh"
}

redis_bytes_used() {
	rcli info memory | tr -d '\r' | sed -n 's/^used_memory://p'
}

fill_store() { # KEYS GRANTS HOT EVENTS
	python3 "$src/fill.py" "$@" |
		timeout 120 redis-cli -s "$T/redis.sock" --pipe > "$T/fill" ||
		bail "cannot fill the store: $(tail -n 3 "$T/fill")"
}

# The median of 11 runs of the tool, its start included
tell_command() { # WORDS OF `sluice`...
	run=0
	: > "$T/times"
	while [ $run -lt 11 ]; do
		before=$(now_ms)
		"$BUILD/sluice" -c "$T/scale.conf" "$@" \
			< /dev/null > "$T/said" 2>&1 ||
			bail "sluice $*: $(head -n 3 "$T/said")"
		echo $(($(now_ms) - before)) >> "$T/times"
		run=$((run + 1))
	done
	ms=$(sort -n "$T/times" | sed -n 6p)
	echo "sluice $*: $ms ms ($SCALE_MARK_MS ms: $(judge [ "$ms" -le $SCALE_MARK_MS ]))"
}

bench_scale() {
	echo 'limit bench-pace 1000/1h, 5000/1d recipients by sasl.user
on rcpt { slow: tempfail "Later" if over bench-pace }' > "$T/scale.rules"
	printf 'store = %s\nrules = %s\n' "$redis_url" "$T/scale.rules" \
		> "$T/scale.conf"
	fill_store "$SCALE_KEYS" "$SCALE_GRANTS" 1000 100000
	echo "in the store: $(rcli dbsize) keys, $SCALE_GRANTS of them grants," \
		"100000 events, $(($(redis_bytes_used) / 1000000)) MB"
	tell_command counters bench-pace user77@example.org
	tell_command user user77@example.org
	tell_command top --once
}
