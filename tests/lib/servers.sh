# shellcheck shell=sh
# servers.sh - Redis by its name, wherever it comes from: where there is only
# valkey (Debian 13 has both), redis-server and redis-cli are links to it in
# $BUILD/valkey, last on PATH.
if ! command -v redis-server > /dev/null &&
	command -v valkey-server > /dev/null; then
	mkdir -p "$BUILD/valkey"
	for servers_name in server cli sentinel; do
		ln -sfn "$(command -v valkey-$servers_name)" \
			"$BUILD/valkey/redis-$servers_name"
	done
	PATH=$PATH:$BUILD/valkey
	export PATH
fi
