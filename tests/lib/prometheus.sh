# shellcheck shell=sh
# prometheus.sh - a Prometheus of one's own in $T/prometheus, and promtool.
#
#   prometheus_fetch                 makes promtool and prometheus known
#   prometheus_start CONFIGURATION   and waits until it is ready
#   promql EXPRESSION                what it says to that
#   prometheus_look                  notes all series that it has of the job
#   told NAME 'LABEL="VALUE",...'    the number of one of these
#   becomes NUMBER NAME 'LABEL="VALUE",...'   a test
#
# Debian's package would bring fonts, scripts and a service, so it is only
# unpacked, once, into $SLUICE_PROMETHEUS or else
# ${TMPDIR:-/tmp}/sluice-prometheus; unless it is installed anyway. The first
# time needs Debian's package lists.

PROMETHEUS_PORT=
PROMETHEUS_PID=
prometheus_root=${SLUICE_PROMETHEUS:-${TMPDIR:-/tmp}/sluice-prometheus}

# From Debian 13 on promtool has a package of its own.
prometheus_packages() {
	echo prometheus
	apt-cache depends prometheus | sed -n 's/^ *Depends: \(promtool\)$/\1/p'
}

prometheus_unpack() {
	rm -rf "$prometheus_root.part"
	mkdir -p "$prometheus_root.part/deb"
	(
		cd "$prometheus_root.part/deb" || exit 1
		# shellcheck disable=SC2046 # one word each
		apt-get -q download $(prometheus_packages) &&
			for prometheus_deb in ./*.deb; do
				dpkg -x "$prometheus_deb" x || exit 1
			done && mv x/usr/bin ..
	) < /dev/null > "$T/prometheus.fetch" 2>&1 || return 1
	rm -rf "$prometheus_root.part/deb" "$prometheus_root"
	mv "$prometheus_root.part" "$prometheus_root"
}

# Several scripts may want it at once.
prometheus_fetch() {
	! command -v prometheus > /dev/null || ! command -v promtool > /dev/null ||
		return 0
	exec 8> "$prometheus_root.lock"
	flock -w 100 8 || bail "another script keeps $prometheus_root.lock"
	[ -x "$prometheus_root/bin/promtool" ] || prometheus_unpack || {
		# the lists may be missing, or older than the mirror
		apt-get -q update < /dev/null > "$T/prometheus.update" 2>&1
		prometheus_unpack || bail \
			"Prometheus could not be fetched: $(tail -n 3 "$T/prometheus.fetch")"
	}
	exec 8>&-
	PATH=$PATH:$prometheus_root/bin
}

prometheus_answers() {
	promql 'vector(1)' | grep -q '=> 1 ' && prometheus_look
}

prometheus_start() {
	PROMETHEUS_PORT=$(free_port)
	mkdir -p "$T/prometheus"
	prometheus --config.file="$1" --storage.tsdb.path="$T/prometheus/data" \
		--web.listen-address="127.0.0.1:$PROMETHEUS_PORT" \
		< /dev/null > "$T/prometheus/log" 2>&1 &
	PROMETHEUS_PID=$!
	wait_for 30 is_listening "$PROMETHEUS_PORT" &&
		wait_for 30 prometheus_answers ||
		bail "no Prometheus: $(tail -n 3 "$T/prometheus/log")"
}

prometheus_stop() {
	[ -z "$PROMETHEUS_PID" ] || kill -KILL "$PROMETHEUS_PID" 2>/dev/null
	PROMETHEUS_PID=
}
at_exit prometheus_stop

promql() {
	timeout 20 promtool query instant \
		"http://127.0.0.1:$PROMETHEUS_PORT" "$1" 2>&1
}

# All that it has of the daemons now; promtool takes a tenth of a second, so
# that one answer serves many questions.
prometheus_look() {
	promql '{job="sluice"}' > "$T/prometheus/told"
}

told() { # NAME 'LABEL="VALUE",...'
	printf '%s,' "${2:-}" | tr ',' '\n' > "$T/prometheus/labels"
	awk -v name="$1" '
		FNR == NR { label[++n] = $0; next }
		index($0, name "{") != 1 { next }
		{
			for (i = 1; i <= n; i++)
				if (label[i] != "" && !index($0, label[i]))
					next
			sub(/^.* => /, "")
			print $1
		}' "$T/prometheus/labels" "$T/prometheus/told"
}

told_is() { # NUMBER NAME 'LABEL="VALUE",...'
	prometheus_look
	[ "$(told "$2" "${3:-}")" = "$1" ]
}

# becomes NUMBER NAME 'LABEL="VALUE",...': a test; it says so now or soon
becomes() {
	if [ "$(told "$2" "${3:-}")" = "$1" ] || wait_for 2 told_is "$@"; then
		pass "$2{${3:-}} is $1"
	else
		fail "$2{${3:-}} is $1"
		told "$2" "${3:-}" | diag
	fi
}
