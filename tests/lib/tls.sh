# shellcheck shell=sh
# tls.sh - an authority, certificates, and a Redis that speaks TLS.
#
#   tls_certificates           $T/tls/ca.crt, NAME.crt and .key for "server" (of
#                              localhost and 127.0.0.1), "client" and "other" (of
#                              another host); stranger.crt signed none of them
#   redis_tls_start            TLS_PORT; asks for no certificate of the client

TLS_PORT=
TLS_PID=

tls_authority() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
		-nodes -days 30 -subj "/CN=$1" -keyout "$1.key" -out "$1.crt" \
		2>/dev/null
}

tls_certificate() { # NAME SUBJECT-ALT-NAME
	printf 'subjectAltName=%s\n' "$2" > "$1.ext"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
		-subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key \
			-CAcreateserial -days 30 -extfile "$1.ext" \
			-out "$1.crt" 2>/dev/null
}

tls_certificates() {
	mkdir -p "$T/tls"
	(
		cd "$T/tls" && tls_authority ca && tls_authority stranger &&
			tls_certificate server 'DNS:localhost,IP:127.0.0.1' &&
			tls_certificate client 'DNS:client.example' &&
			tls_certificate other 'DNS:other.example'
	) || bail "openssl makes no certificates"
}

tls_answers() {
	tls_cli ping | grep -q PONG
}

tls_cli() {
	timeout 5 redis-cli -h 127.0.0.1 -p "$TLS_PORT" --tls \
		--cacert "$T/tls/ca.crt" "$@" 2>/dev/null
}

# redis_tls_start [CERTIFICATE [OPTION...]]
redis_tls_start() {
	tls_name=${1:-server}
	[ $# = 0 ] || shift
	mkdir -p "$T/redis-tls"
	[ -n "$TLS_PORT" ] || TLS_PORT=$(free_port)
	redis-server --port 0 --tls-port "$TLS_PORT" --bind 127.0.0.1 \
		--tls-cert-file "$T/tls/$tls_name.crt" \
		--tls-key-file "$T/tls/$tls_name.key" \
		--tls-ca-cert-file "$T/tls/ca.crt" --tls-auth-clients optional \
		--dir "$T/redis-tls" --save '' --appendonly no \
		--logfile "$T/redis-tls/log" "$@" < /dev/null > /dev/null 2>&1 &
	TLS_PID=$!
	wait_for 10 is_listening "$TLS_PORT" ||
		bail "no Redis with TLS: $(tail -n 5 "$T/redis-tls/log" 2>&1)"
}

redis_tls_kill() {
	[ -n "$TLS_PID" ] || return 0
	kill -KILL "$TLS_PID" 2>/dev/null
	wait "$TLS_PID" 2>/dev/null
	TLS_PID=
}
at_exit redis_tls_kill
