# shellcheck shell=sh
# sentinel.sh - a master, two replicas and three Sentinels of one's own.
#
#   sentinel_start [CONFIGURATION LINE OF REDIS]...
#
# takes about two seconds: until all three agree and know both replicas. It
# sets SENTINEL_MASTER (a port), SENTINEL_PORTS and SENTINEL_URL; the master is
# called "lab". sentinel_stop_node PORT kills one of either kind.

SENTINEL_MASTER=
SENTINEL_NODES=
SENTINEL_PORTS=
SENTINEL_URL=
SENTINEL_LINES= # of each Sentinel's configuration

# sentinel_process PORT [OPTION]: with $T/redis-PORT/redis.conf
sentinel_process() {
	redis-server "$T/redis-$1/redis.conf" ${2:+"$2"} \
		< /dev/null > /dev/null 2>&1 &
	echo $! > "$T/redis-$1/pid"
}

sentinel_conf() { # PORT, lines on stdin
	mkdir -p "$T/redis-$1"
	{
		printf '%s\n' "port $1" 'bind 127.0.0.1' "dir $T/redis-$1" \
			"logfile $T/redis-$1/log" 'daemonize no'
		cat
	} > "$T/redis-$1/redis.conf"
}

# scli PORT WORD...
scli() {
	sentinel_port=$1
	shift
	timeout 5 redis-cli -h 127.0.0.1 -p "$sentinel_port" "$@" 2>/dev/null
}

sentinel_replicas() { # so many are in step with the master
	[ "$(scli "$SENTINEL_MASTER" info replication |
		grep -c 'state=online')" = "$1" ]
}

sentinel_agrees() { # PORT: it knows all others
	scli "$1" sentinel ckquorum lab | grep -q 'OK 3' &&
		scli "$1" sentinel master lab | grep -A 1 '^num-slaves' |
			grep -qx 2
}

# What the first Sentinel that is alive says: the master's port
sentinel_says() {
	for sentinel_port in $SENTINEL_PORTS; do
		sentinel_said=$(scli "$sentinel_port" \
			sentinel get-master-addr-by-name lab | sed -n 2p)
		[ -z "$sentinel_said" ] || break
	done
	echo "$sentinel_said"
}

sentinel_has_moved() { # FROM PORT
	sentinel_new=$(sentinel_says)
	[ -n "$sentinel_new" ] && [ "$sentinel_new" != "$1" ]
}

sentinel_answers() { # PORT
	scli "$1" ping | grep -Eq 'PONG|NOAUTH'
}

sentinel_start_redis() { # [LINE]...
	SENTINEL_NODES=
	for sentinel_i in 1 2 3; do
		sentinel_port=$(free_port)
		SENTINEL_NODES="$SENTINEL_NODES $sentinel_port"
		{
			printf '%s\n' 'save ""' 'appendonly no' \
				'repl-diskless-sync-delay 0' "$@"
			[ "$sentinel_i" = 1 ] ||
				echo "replicaof 127.0.0.1 $SENTINEL_MASTER"
		} | sentinel_conf "$sentinel_port"
		[ "$sentinel_i" != 1 ] || SENTINEL_MASTER=$sentinel_port
		sentinel_process "$sentinel_port"
		wait_for 10 sentinel_answers "$sentinel_port" ||
			bail "no Redis on $sentinel_port"
	done
}

sentinel_start_sentinels() {
	SENTINEL_PORTS=
	for sentinel_i in 1 2 3; do
		sentinel_port=$(free_port)
		SENTINEL_PORTS="$SENTINEL_PORTS $sentinel_port"
		sentinel_conf "$sentinel_port" <<-END
			sentinel monitor lab 127.0.0.1 $SENTINEL_MASTER 2
			sentinel down-after-milliseconds lab 2000
			sentinel failover-timeout lab 3000
			sentinel parallel-syncs lab 2
			$SENTINEL_LINES
		END
		sentinel_process "$sentinel_port" --sentinel
	done
	# shellcheck disable=SC2086 # ports
	SENTINEL_URL="redis+sentinel://$(printf '127.0.0.1:%s,' \
		$SENTINEL_PORTS | sed 's/,$//')/lab?db=0"
}

sentinel_start() {
	sentinel_start_redis "$@"
	wait_for 10 sentinel_replicas 2 || bail "replicas do not follow"
	sentinel_start_sentinels
	for sentinel_i in $SENTINEL_PORTS; do
		wait_for 15 sentinel_agrees "$sentinel_i" ||
			bail "Sentinel on $sentinel_i finds not all others"
	done
}

sentinel_stop_node() { # PORT
	[ -s "$T/redis-$1/pid" ] || return 0
	kill -KILL "$(cat "$T/redis-$1/pid")" 2>/dev/null
	wait "$(cat "$T/redis-$1/pid")" 2>/dev/null
	rm -f "$T/redis-$1/pid"
}

sentinel_stop_all() {
	for sentinel_i in $SENTINEL_PORTS $SENTINEL_NODES; do
		sentinel_stop_node "$sentinel_i"
	done
}
at_exit sentinel_stop_all
