# shellcheck shell=sh
# redis.sh - a Redis of one's own, in $T/redis, started and stopped by pid.
#
# redis_start sets REDIS_PORT, REDIS_PID and REDIS_URL. After redis_kill,
# redis_start brings it back on the same port, empty.

REDIS_PORT=
REDIS_PID=

redis_start() {
	mkdir -p "$T/redis"
	[ -n "$REDIS_PORT" ] || REDIS_PORT=$(free_port)
	REDIS_URL=redis://127.0.0.1:$REDIS_PORT/0
	redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --dir "$T/redis" \
		--save '' --appendonly no --logfile "$T/redis/log" \
		< /dev/null > /dev/null 2>&1 &
	REDIS_PID=$!
	wait_for 10 redis_answers ||
		bail "no Redis: $(tail -n 5 "$T/redis/log" 2>&1)"
}

# redis_user PASSWORD: what an operator puts into Redis so that Sluice may do
# what it needs, and no more
redis_user() {
	sed -n "/^user sluice/s/CHANGE-ME/$1/p" "$TOP/contrib/redis/users.acl"
}

rcli() {
	timeout 5 redis-cli -h 127.0.0.1 -p "$REDIS_PORT" "$@"
}

redis_answers() {
	rcli ping | grep -q PONG
}

redis_kill() {
	[ -n "$REDIS_PID" ] || return 0
	kill -KILL "$REDIS_PID" 2>/dev/null
	wait "$REDIS_PID" 2>/dev/null
	REDIS_PID=
}

redis_pause() {
	kill -STOP "$REDIS_PID"
}

redis_resume() {
	kill -CONT "$REDIS_PID"
}

# Calls of the server since its start (or `rcli config resetstat`) of a command
redis_calls() {
	rcli info commandstats | tr -d '\r' |
		sed -n "s/^cmdstat_$1:calls=\([0-9]*\),.*/\1/p" | grep . || echo 0
}

# At least so many clients wait for something to come
redis_has_waiting() {
	[ "$(rcli info clients | tr -d '\r' |
		sed -n 's/^blocked_clients://p')" -ge "$1" ]
}

# Nothing that it holds is worth a clean end.
at_exit redis_kill
