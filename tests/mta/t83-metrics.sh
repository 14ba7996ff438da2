#!/bin/sh
# What a real Prometheus stores of mails that go through an MTA, of a reload, an
# outage of the store, and of questions that make no sense. Whichever MTA it is
# does not matter: the numbers are those of stages and rules.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/prometheus.sh"

redis_start
SLUICED_STORE=$REDIS_URL
port=$(free_port)
sluiced_make one <<-'END'
	limit pace 3/1h recipients by sasl.user
	on mail { mark: tag "marked" if mail.from == "marked@example.org" }
	on rcpt {
		nobody: reject 550 5.7.1 "Nobody" if rcpt.to =~ /^nobody/
		watch:  observe reject 550 5.7.1 "would not" if rcpt.to == "watched@example.net"
		pace:   tempfail 450 4.7.1 "enough" if over pace
	}
	on message {
		long: reject 550 5.7.1 "no" if body.raw =~ /^(?:x|y)*[zq]/ or mime.damage == "bare-newline"
	}
END
sluiced_set one "metrics = inet:$port@127.0.0.1"
sluiced_start one
prometheus_fetch
# The example, faster, for this daemon and these alerts.
sed "s/scrape_interval: .*/scrape_interval: 250ms/
	s/mx1.example.org:9893/127.0.0.1:$port/; /mx2.example.org/d
	s|- alerts.yml|- $TOP/contrib/prometheus/alerts.yml|" \
	"$TOP/contrib/prometheus/scrape.yml" > "$T/prometheus.yml"
prometheus_start "$T/prometheus.yml"
mta_start mail "$(sluiced_milter one)"

ask() { # METHOD PATH: status and body
	python3 -c '
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
c.request(sys.argv[2], sys.argv[3])
r = c.getresponse()
print(r.status, r.getheader("Content-Type"))
sys.stdout.write(r.read().decode())' "$port" "$@"
}
becomes 1 up
becomes 0 sluice_verdicts_total 'rule="nobody"'
becomes 0 sluice_limit_crossings_total 'limit="pace",crossing="over"'

smtp_send "$MX" '' a@example.org nobody@example.net b@example.net
like "a recipient is refused, the message is not" "$CODES" '550 250 354 250 221$'
smtp_send "$MX" '' marked@example.org watched@example.net
like "an observed refusal passes" "$CODES" '354 250 221$'
smtp_send "$SUBMISSION" anna a@example.org b1@example.net b2@example.net \
	b3@example.net b4@example.net
like "a limit is over" "$CODES" '250 250 250 450 354 250 221$'

becomes 3 sluice_verdicts_total 'rule="(none)",action="accept",observed="no"'
becomes 1 sluice_verdicts_total 'rule="nobody",action="reject",observed="no"'
becomes 1 sluice_verdicts_total 'rule="watch",action="reject",observed="yes"'
becomes 1 sluice_verdicts_total 'rule="pace",action="tempfail"'
becomes 1 sluice_rule_hits_total 'rule="mark",action="tag"'
becomes 1 sluice_limit_crossings_total 'limit="pace",crossing="near"'
becomes 1 sluice_limit_crossings_total 'limit="pace",crossing="over"'
becomes 3 sluice_stages_total 'stage="message",reply="continue"'
becomes 1 sluice_stages_total 'stage="rcpt",reply="reject"'
becomes 5 sluice_stages_total 'stage="rcpt",reply="continue"'
# Four at once would not be, if they were not waited for.
becomes 4 sluice_store_call_seconds_count 'result="answered"'
becomes 4 sluice_store_call_seconds_bucket 'result="answered",le="+Inf"'
becomes 0 sluice_store_call_seconds_count 'result="failed"'
becomes 0 sluice_connections_open
becomes 1 sluice_store_node_up "node=\"redis 127.0.0.1:$REDIS_PORT/0\""
like "the rules are named" "$(cat "$T/prometheus/told")" \
	'^sluice_rules_info.*hash="[0-9a-f]{12}".* => 1 '
is "the alert rules were loaded" "$(grep -c 'level=error' "$T/prometheus/log")" 0

echo 'on mail { broken' > "$T/one/rules/more.rules"
kill -HUP "$(sluiced_pid one)"
becomes 0 sluice_load_last_good
becomes 1 sluice_loads_total 'result="failed"'
rm "$T/one/rules/more.rules"
sluiced_reload one
becomes 1 sluice_load_last_good
becomes 2 sluice_loads_total 'result="good"'

redis_kill
smtp_send "$SUBMISSION" carla a@example.org b1@example.net
like "mail goes on while the store is away" "$CODES" '354 250 221$'
becomes 0 sluice_store_up
becomes 0 sluice_store_node_up
becomes 1 sluice_store_node_breaker_opened_total
at_least "what was counted here is told" "$(told sluice_local_calls_total)" 1
at_least "and why: nobody listens" \
	"$(told sluice_store_node_errors_total 'reason="connect"')" 1
redis_start
becomes 1 sluice_store_up
becomes 1 sluice_local_merged_total

ask GET /metrics > "$T/answer"
like "what is told is of the right type" "$(head -n 1 "$T/answer")" \
	'^200 text/plain; version=0.0.4'
tail -n +2 "$T/answer" > "$T/metrics"
ok "and finds favour with promtool" \
	sh -c 'promtool check metrics < "$1" > "$1.lint" 2>&1 && ! grep . "$1.lint"' \
	sh "$T/metrics"
unlike "no label has anything of a mail in it" "$(cat "$T/metrics")" \
	'example|192\.0\.2|anna|carla'
like "another path is not there" "$(ask GET /)" '^404 '
like "nothing can be sent there" "$(ask POST /metrics)" '^405 '
is "a HEAD has no body" "$(ask HEAD /metrics | wc -l)" 1

# One who asks and says no more keeps nobody waiting.
python3 -c '
import socket, sys, time
idle = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for i in range(10)]
open(sys.argv[2], "w").close()
time.sleep(30)' "$port" "$T/idle" & idle=$!
wait_for 10 test -e "$T/idle"
like "others are answered beside those who are silent" "$(ask GET /metrics)" '^200 '
kill $idle

# The manual's table, and what the daemon tells.
sed -n 's/^# TYPE \([a-z_]*\) \([a-z]*\)$/\1 \2/p' "$T/metrics" | sort > "$T/told"
sed -n 's/^\.It Li \([a-z_]*\) Pq \([a-z]*\).*/\1 \2/p' "$TOP/man/sluiced.8" |
	sort > "$T/manual"
ok "sluiced(8) has what is told, and no more" diff "$T/manual" "$T/told"
sluiced_stop one
is "the daemon ends well" "$SLUICED_STATUS" 0
done_testing
