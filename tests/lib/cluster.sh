# shellcheck shell=sh
# cluster.sh - a Redis Cluster of one's own: three masters, a replica of each.
#
#   cluster_start [CONFIGURATION LINE]...
#
# takes about three seconds: until every node says "ok" and every replica is in
# step. Sets CLUSTER_PORTS and CLUSTER_URL. Nodes are named by their ports.
#
#   cluster_kill PORT               one node, at once
#   cluster_master_of SLOT          the port that has it; cluster_slot KEY
#   cluster_move_slot SLOT TO       with its keys, as redis-cli --cluster does
#
# Passwords are for REDISCLI_AUTH.

CLUSTER_PORTS=
CLUSTER_URL=

# ccli PORT WORD...
ccli() {
	cluster_port=$1
	shift
	timeout 5 redis-cli -h 127.0.0.1 -p "$cluster_port" "$@" 2>/dev/null
}

# A port whose bus (10000 above) is free as well, and below those that the
# system gives to clients: else one of them may have it.
cluster_free_port() {
	while cluster_port=$(free_port) && { [ "$cluster_port" -gt 22767 ] ||
		is_listening $((cluster_port + 10000)); }; do
		:
	done
	echo "$cluster_port"
}

cluster_spawn() { # PORT, started (again) with its configuration
	redis-server "$T/redis-$1/redis.conf" < /dev/null > /dev/null 2>&1 &
	echo $! > "$T/redis-$1/pid"
}

cluster_answers() {
	ccli "$1" ping | grep -Eq 'PONG|NOAUTH'
}

cluster_is_ok() {
	ccli "$1" cluster info | tr -d '\r' | grep -qx 'cluster_state:ok'
}

# All replicas follow their masters.
cluster_is_in_step() {
	for cluster_i in $CLUSTER_PORTS; do
		ccli "$cluster_i" info replication | tr -d '\r' |
			grep -Eq '^master_link_status:up|state=online' || return 1
	done
}

cluster_start() {
	CLUSTER_PORTS=
	for cluster_i in 1 2 3 4 5 6; do
		cluster_port=$(cluster_free_port)
		CLUSTER_PORTS="$CLUSTER_PORTS $cluster_port"
		mkdir -p "$T/redis-$cluster_port"
		printf '%s\n' "port $cluster_port" 'bind 127.0.0.1' \
			"dir $T/redis-$cluster_port" \
			"logfile $T/redis-$cluster_port/log" 'daemonize no' \
			'save ""' 'appendonly no' 'cluster-enabled yes' \
			'cluster-config-file nodes.conf' \
			'cluster-node-timeout 2000' \
			'cluster-replica-validity-factor 0' \
			'repl-diskless-sync-delay 0' "$@" \
			> "$T/redis-$cluster_port/redis.conf"
		cluster_spawn "$cluster_port"
	done
	for cluster_i in $CLUSTER_PORTS; do
		wait_for 10 cluster_answers "$cluster_i" ||
			bail "no Redis on $cluster_i"
	done
	# shellcheck disable=SC2046,SC2086 # addresses and ports are words
	timeout 60 redis-cli --cluster create \
		$(printf '127.0.0.1:%s ' $CLUSTER_PORTS) \
		--cluster-replicas 1 --cluster-yes > "$T/cluster.log" 2>&1 ||
		bail "no Cluster: $(tail -n 5 "$T/cluster.log")"
	for cluster_i in $CLUSTER_PORTS; do
		wait_for 15 cluster_is_ok "$cluster_i" ||
			bail "the Cluster is not well on $cluster_i"
	done
	wait_for 15 cluster_is_in_step || bail "replicas do not follow"
	# shellcheck disable=SC2086
	CLUSTER_URL=redis+cluster://$(printf '127.0.0.1:%s,' $CLUSTER_PORTS |
		sed 's/,$//')
}

cluster_kill() {
	[ -s "$T/redis-$1/pid" ] || return 0
	kill -KILL "$(cat "$T/redis-$1/pid")" 2>/dev/null
	wait "$(cat "$T/redis-$1/pid")" 2>/dev/null
	rm -f "$T/redis-$1/pid"
}

cluster_kill_all() {
	for cluster_i in $CLUSTER_PORTS; do
		cluster_kill "$cluster_i"
	done
}
at_exit cluster_kill_all

# The first node that is alive
cluster_any() {
	for cluster_i in $CLUSTER_PORTS; do
		[ ! -s "$T/redis-$cluster_i/pid" ] || break
	done
	echo "$cluster_i"
}

cluster_slot() { # KEY
	ccli "$(cluster_any)" cluster keyslot "$1"
}

# What one node that is alive knows; nothing while a slot has nobody.
cluster_master_of() { # SLOT
	ccli "$(cluster_any)" cluster nodes | awk -v slot="$1" '
		$3 ~ /master/ && $3 !~ /fail/ {
			for (i = 9; i <= NF; i++) {
				n = split($i, range, "-")
				if (range[1] <= slot + 0 &&
				    range[n > 1 ? 2 : 1] >= slot + 0) {
					sub(/^.*:/, "", $2)
					sub(/@.*/, "", $2)
					print $2
				}
			}
		}'
}

# cluster_get KEY WORD...: a command at the master that has the key
cluster_at() {
	cluster_key=$1
	shift
	ccli "$(cluster_master_of "$(cluster_slot "$cluster_key")")" "$@"
}

cluster_id() { # PORT
	ccli "$1" cluster myid
}

# Between the steps keys are here or there, and a question about several is
# answered TRYAGAIN; PAUSE (s) makes that longer.
cluster_move_slot() { # SLOT TO [PAUSE]
	cluster_from=$(cluster_master_of "$1")
	cluster_from_id=$(cluster_id "$cluster_from")
	cluster_to_id=$(cluster_id "$2")
	ccli "$2" cluster setslot "$1" importing "$cluster_from_id" > /dev/null &&
		ccli "$cluster_from" cluster setslot "$1" migrating \
			"$cluster_to_id" > /dev/null || return 1
	sleep "${3:-0}"
	while cluster_keys=$(ccli "$cluster_from" cluster getkeysinslot "$1" 100) &&
		[ -n "$cluster_keys" ]; do
		# shellcheck disable=SC2086 # ours have no blanks
		ccli "$cluster_from" migrate 127.0.0.1 "$2" '' 0 5000 keys \
			$cluster_keys > /dev/null || return 1
	done
	# Replicas refuse this: they are told by their masters.
	for cluster_i in "$2" $CLUSTER_PORTS; do
		[ ! -s "$T/redis-$cluster_i/pid" ] ||
			ccli "$cluster_i" cluster setslot "$1" node "$cluster_to_id"
	done > /dev/null
}
