# shellcheck shell=sh
# mta.sh - all that a script of tests/mta needs, with two short cuts.
. "$(dirname "$0")/../lib/tap.sh"
. "$TOP/tests/lib/redis.sh"
. "$TOP/tests/lib/sluiced.sh"
. "$TOP/tests/lib/postfix.sh"

sluice() {
	timeout 30 "$BUILD/sluice" "$@"
}

# slots LIMIT KEY FIELD: what stands in the nine slots of a counter, summed up;
# 0 if there is none. A refund that was not waited for takes a moment:
# wait_for 3 slots_are 5 user-pace joe recipients.1h
slots() {
	rcli hget "sluice:limit:$1:{$2}" "$3" |
		awk '{ for (i = 3; i <= 11; i++) sum += $i } END { print sum + 0 }'
}

slots_are() {
	[ "$(slots "$2" "$3" "$4")" = "$1" ]
}

# A port that answers nothing of Redis must not be asked by accident.
SLUICED_STORE=memory
