# shellcheck shell=sh
# servers.sh - Redis by its name, wherever it comes from: where there is only
# valkey (Debian 13 has both), redis-server and redis-cli are links to it in
# $BUILD/valkey, last on PATH.
if ! command -v redis-server > /dev/null &&
	command -v valkey-server > /dev/null; then
	mkdir -p "$BUILD/valkey"
	ln -sfn "$(command -v valkey-server)" "$BUILD/valkey/redis-server"
	ln -sfn "$(command -v valkey-cli)" "$BUILD/valkey/redis-cli"
	PATH=$PATH:$BUILD/valkey
	export PATH
fi
