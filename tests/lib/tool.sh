# shellcheck shell=sh
# tool.sh - sluice as an operator runs it, for scripts of tests/mta.
#
#   tool_make <<rules           $T/conf: sluice.conf and rules/, on REDIS_URL
#   run STATUS NAME ARG...      runs sluice; a test of its exit code; $OUT, $ERR
#   json_ok NAME [EXPRESSION]   $OUT is JSON, and the Python expression over
#                               it (named it) is true
#   slots LIMIT KEY UNIT WINDOW SECONDS USED MAX
#                               a counter, all of it taken just now

tool_conf=$T/conf/sluice.conf

tool_make() {
	mkdir -p "$T/conf/rules"
	cat > "$T/conf/rules/site.rules"
	cat > "$tool_conf" <<-END
		store = $REDIS_URL
		rules = rules/*.rules
		sasl_domain = example.org
		timezone = UTC
		host = desk.example.org
	END
}

run() {
	run_want=$1
	run_name=$2
	shift 2
	timeout 30 "$BUILD/sluice" -c "$tool_conf" "$@" \
		> "$T/stdout" 2> "$T/stderr" < /dev/null
	run_got=$?
	OUT=$(cat "$T/stdout")
	ERR=$(cat "$T/stderr")
	[ $run_got = "$run_want" ] ||
		printf '%s\n' "$OUT" "$ERR" | head -n 8 | diag
	is "$run_name" $run_got "$run_want"
}

json_ok() {
	ok "$1" python3 -c '
import json, sys
it = json.load(open(sys.argv[1]))
assert eval(sys.argv[2]), it' "$T/stdout" "${2:-True}"
}

# name=value pairs as an event of the stream
event() {
	rcli xadd sluice:events '*' "$@" > /dev/null
}

# The newest slot is that of now, unless it ends in this very moment.
slots() {
	slots_unit=$(($5 * 1000 / 8))
	rcli hset "sluice:limit:$1:{$2}" "$3.$4" \
		"$6/$7 $(($(now_ms) / slots_unit)) 0 0 0 0 0 0 0 0 $6" > /dev/null
}
