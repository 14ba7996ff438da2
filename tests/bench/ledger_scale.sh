#!/bin/sh
# ledger_scale.sh - how long what operators ask takes in a large store.
#
#   tests/bench/ledger_scale.sh [-h]
#
# Fills a private Redis and measures `counters LIMIT KEY`, `user` (accounts of
# all limits), `top` (accounts of 3000 hot keys), accounts of all hot keys (1000
# of each limit) and `grants`, as the library answers them. Environment:
#
#   LIMITS=20 IDENTITIES=50000   as many counters as their product
#   GRANTS=100000
#   SERVER=redis-server          or a valkey-server
#   SLUICE_BUILD=build           where the archives are
[ $# = 0 ] || { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0; }
. "$(dirname "$0")/../lib/tap.sh"

limits=${LIMITS:-20}
identities=${IDENTITIES:-50000}
grants=${GRANTS:-100000}
server=${SERVER:-redis-server}

# shellcheck disable=SC2046 # flags are several words
${CC:-gcc} -std=c17 -D_GNU_SOURCE -O2 -I"$TOP/milter" -pthread \
	-o "$T/ledger_scale" "$TOP/tests/bench/ledger_scale.c" \
	"$BUILD/libstore.a" "$BUILD/libbase.a" \
	$(pkg-config --libs hiredis libidn2 libmd) ||
	bail "cannot build ledger_scale: run make first"

rcli() {
	timeout 120 redis-cli -s "$T/redis.sock" "$@"
}

# shellcheck disable=SC2317 # called at the exit
kill_redis() {
	kill -KILL "$redis" 2>/dev/null
}

"$server" --port 0 --unixsocket "$T/redis.sock" --dir "$T" --save '' \
	--appendonly no --logfile "$T/redis.log" < /dev/null > /dev/null 2>&1 &
redis=$!
at_exit kill_redis
wait_for 10 rcli ping || bail "no $server: $(tail -n 5 "$T/redis.log")"

# What a mail server leaves behind, as the daemon writes it
awk -v limits="$limits" -v identities="$identities" -v grants="$grants" \
	-v now="$(date +%s)" '
function put(words,    n, i, word) {
	n = split(words, word, "|")
	printf "*%d\r\n", n
	for (i = 1; i <= n; i++)
		printf "$%d\r\n%s\r\n", length(word[i]), word[i]
}
BEGIN {
	slot = int(now / 450)
	for (i = 0; i < identities; i++)
		for (l = 0; l < limits; l++) {
			key = "limit-" l ":{user" i "@example.org}"
			put("HSET|sluice:limit:" key "|recipients.1h|" \
				"170/200 " slot " 0 0 5 12 25 0 0 0 128")
			put("EXPIRE|sluice:limit:" key "|4000")
			if (i < 1000)
				put("ZADD|sluice:hot:limit-" l "|" now i \
					"|user" i "@example.org")
			if (n++ < grants) {
				put("SETEX|sluice:grant:" key "|86400|x5 " \
					"until=" now + 86400 \
					" reason=\"a large store\" by=bench")
				put("ZADD|sluice:grants|" now + 86400 "|" key)
			}
		}
}' | rcli --pipe > "$T/fill" || bail "cannot fill: $(tail -n 2 "$T/fill")"

echo "$(rcli info server | tr -d '\r' | sed -n 's/^redis_version:/server /p')," \
	"$(rcli dbsize) keys, $grants of them grants," \
	"$(rcli info memory | tr -d '\r' |
		sed -n 's/^used_memory_human://p')"
timeout 300 "$T/ledger_scale" "redis+unix://$T/redis.sock?db=0" "$limits" ||
	bail "cannot measure"
