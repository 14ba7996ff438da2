#!/bin/sh
# Alert rules, dashboard and example of contrib: they parse, each alert is sent
# when it must be and not otherwise, and nothing asks for a metric that no
# daemon has.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/prometheus.sh"

alerts=$TOP/contrib/prometheus/alerts.yml
dashboard=$TOP/contrib/grafana/sluice.json
cases=$TOP/tests/prometheus/alerts.test.yml
dashboard() {
	python3 "$TOP/tests/lib/dashboard.py" "$@"
}

prometheus_fetch
ok "the alert rules are good" promtool check rules "$alerts"
ok "the example is good with them" \
	promtool check config "$TOP/contrib/prometheus/scrape.yml"
ok "each alert does what it is for" promtool test rules "$cases"
sed -n 's/^      - alert: //p' "$alerts" | sort > "$T/alerts"
at_least "there are alerts" "$(wc -l < "$T/alerts")" 15
sed -n 's/^ *- labels: .*alertname="\([A-Za-z]*\)".*/\1/p' "$cases" | sort \
	> "$T/tested"
ok "each alert has a case in which it is sent" diff "$T/alerts" "$T/tested"

dashboard rules "$dashboard" > "$T/dashboard.yml"
ok "all that the dashboard asks can be asked" \
	promtool check rules "$T/dashboard.yml"
at_least "it asks something" "$(grep -o '"record"' "$T/dashboard.yml" | wc -l)" 40

port=$(free_port)
sluiced_make one <<-'END'
	on mail { mark: tag "marked" }
END
sluiced_set one "metrics = inet:$port@127.0.0.1"
sluiced_start one
python3 -c '
import sys, urllib.request
url = "http://127.0.0.1:%s/metrics" % sys.argv[1]
print(urllib.request.urlopen(url, timeout=10).read().decode())' "$port" |
	awk '/^# TYPE / {
		print $3
		if ($4 == "histogram") {
			print $3 "_bucket"; print $3 "_sum"; print $3 "_count"
		}
	}' | sort > "$T/told"
dashboard names "$dashboard" "$alerts" | sort > "$T/asked"
at_least "dashboard and alerts ask for metrics" "$(wc -l < "$T/asked")" 25
is "and for none that there is not" "$(comm -23 "$T/asked" "$T/told")" ""
# What nobody looks at need not be told.
is "all that is told is on the dashboard" \
	"$(dashboard names "$dashboard" | sort | comm -13 - "$T/told" |
		grep -v '^sluice_store_call_seconds$' | tr '\n' ' ')" ""

# Where it listens is part of a start that must be as it was written.
sluiced_make two < "$T/one/rules/test.rules"
sluiced_set two "metrics = inet:$port@127.0.0.1"
sluiced_spawn two
wait_for 10 is_gone "$(sluiced_pid two)"
sluiced_wait two
is "a port that is taken ends the start" "$SLUICED_STATUS" 1
like "which says so" "$(sluiced_log two)" "error: cannot listen on inet:$port@.*uses this port"
ok "and leaves the MTA's socket to nobody" test ! -e "$T/two/sock"
sluiced_set two "metrics = unix:$T/two/metrics"
sluiced_start two
is "a unix socket has mode and group of the other" \
	"$(stat -c '%a %G' "$T/two/metrics")" "660 postfix"
sluiced_stop two
ok "and is gone in the end" test ! -e "$T/two/metrics"
done_testing
