#!/bin/sh
# What a running daemon says of itself: `sluice status` and `sluice reload` over
# the control socket, the service manager by Type=notify, and the log's lines of
# start, reload and stop, which are valid JSON whatever is in them.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"

ask() { # COMMAND...: sets OUT, ERR, STATUS
	timeout 30 "$BUILD/sluice" -c "$T/daemon/sluice.conf" "$@" \
		> "$T/stdout" 2> "$T/stderr" < /dev/null
	STATUS=$?
	OUT=$(cat "$T/stdout")
	ERR=$(cat "$T/stderr")
}
status_has() { # EXPRESSION over the JSON, named it
	ask status --json
	python3 -c '
import json, sys
it = json.load(open(sys.argv[1]))
assert eval("(" + sys.argv[2] + ")"), it' "$T/stdout" "$1"
}
told() { # ERE
	grep -Eq -- "$1" "$T/told"
}
n_alive() {
	grep -c '^WATCHDOG=1$' "$T/told"
}
is_alive_again() { # BEFORE
	[ "$(n_alive)" -gt "$1" ]
}

redis_start
SLUICED_STORE=$REDIS_URL
sluiced_make daemon <<'END'
limit pace 1/1h recipients by mail.from
on connect { note: tag "seen" if client.ip == "192.0.2.9" }
on rcpt {
	watch: observe reject "would not" if rcpt.to == "watched@example.net"
	pace:  tempfail 450 4.7.1 "enough" if over pace
}
END
sluiced_set daemon "control = unix:$T/daemon/control"
sluiced_set daemon 'log_format = json'
rules=$T/daemon/rules/test.rules

ask status
is "nobody there: exit code 1" $STATUS 1
like "and what to look at" "$ERR" 'no sluiced answers.*No such file'
ask status more
is "asked wrongly: exit code 2" $STATUS 2

# --- a place for the socket ---
sluiced_set daemon 'control = unix:/nonexistent/control'
timeout 30 "$BUILD/sluiced" -f -c "$T/daemon/sluice.conf" \
	> "$T/stdout" 2> "$T/stderr" < /dev/null
is "a place that was asked for must be had" $? 1
like "or the start says why not" "$(cat "$T/stderr")" \
	'^sluiced: error: .*/nonexistent/control'
sluiced_set daemon "control = unix:$T/daemon/control"
echo 'on mail { none: tag "none" }' | sluiced_make plain
sed -i '/^socket_/d' "$T/plain/sluice.conf"
sluiced_set plain "listen = inet:$(free_port)@127.0.0.1"
SLUICED_WRAP="setpriv --reuid=nobody --regid=nogroup --clear-groups"
sluiced_start plain
SLUICED_WRAP=
like "the one of the default is only tried" "$(sluiced_log plain)" \
	'sluiced\[[0-9]+\]: no control socket, so .* will find nobody: '
sluiced_stop plain

# --- start ---
python3 "$TOP/tests/lib/notify.py" "$T/notify" > "$T/told" 2>&1 < /dev/null &
notify_pid=$!
at_exit 'kill $notify_pid'
wait_for 10 test -S "$T/notify" || bail "nobody to notify"
SLUICED_WRAP="env NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=1000000"
sluiced_start daemon
SLUICED_WRAP=
ok "the service manager hears that mail is served" wait_for 10 told '^READY=1$'
ok "and, while all goes well, that the daemon lives" \
	wait_for 10 told '^WATCHDOG=1$'
like "in a line for people" "$(cat "$T/told")" '^STATUS=3 rules \([0-9a-f]{12}\), store up$'

# --- good times ---
evil='mail <"\xff\x01\\\"\xc3\xa9\x1b[2J"@example.org>'
milter "$T/daemon/sock" 'connect mx.example.net 192.0.2.9:25' 'helo "\x7f\xc2\x9b' "$evil" \
	'rcpt <watched@example.net>' 'rcpt <b@example.net>' data \
	'header Subject: x' eoh end quit > "$T/milter" 2>&1
wait_for 10 status_has 'it["store"]["answer_us"] > 0' ||
	bail "the store was never asked"
ask status
is "in good times the exit code is 0" $STATUS 0
like "it is well" "$OUT" '^sluiced [0-9.]+ on .*, pid [0-9]+, up .*: well$'
like "it says where it listens" "$OUT" "^listens on +unix:$T/daemon/sock"
like "which rules it has" "$OUT" '^rules +3 rules, 1 limit, 0 tables, hash [0-9a-f]{12}'
like "and that those on disk are the same" "$OUT" 'the same as on disk'
like "what is only observed" "$OUT" '^observed +1 of the rules'
like "how the store is" "$OUT" '^store +redis .*, up for .*answers in [0-9.]+ ms'
is "no line is too wide" "$(printf '%s\n' "$OUT" | awk 'length > 80' | grep -vc /)" 0
ok "JSON says the same" status_has 'it["look_at"] == [] and
	it["rules"]["rules"] == 3 and it["rules"]["on_disk"] == "same" and
	it["store"]["state"] == "up" and it["reload"] is None and
	it["messages"] == 1 and it["refusals"] == 1 and
	it["connections"]["ever"] == 1 and it["connections"]["max"] == 5000'

# --- reloads ---
ask reload
is "a reload that is good: exit code 0" $STATUS 0
like "it says what runs now" "$OUT" '^loaded in [0-9]+ ms: 3 rules, 1 limit, 0 tables, hash'
cp "$rules" "$T/good"
echo 'on mail { more: tag "more" if mail.size > 1 }' >> "$rules"
ok "rules that were edited are noticed" \
	status_has 'it["rules"]["on_disk"] == "differs" and it["look_at"] == []'
ask reload
like "and loaded" "$OUT" ': 4 rules,'
printf 'on rcpt { bad: reject "\001\303\251" if nothing == 1 }\n' >> "$rules"
ask reload
is "a reload that is refused: exit code 1" $STATUS 1
like "with what is wrong" "$ERR" 'test\.rules:8:[0-9]+: error'
like "and what happens now" "$ERR" 'refused: the running rules are unchanged'
ask status
is "status then has something to look at" $STATUS 1
like "it says what" "$OUT" '^  ! the last reload was refused'
like "and that a restart would fail" "$OUT" '^  ! the rules on disk are wrong'
like "and why" "$OUT" '^last reload +refused .* ago in [0-9]+ ms:'
cp "$T/good" "$rules"
ask reload
has_told() { # TIMES ERE
	[ "$(grep -Ec -- "$2" "$T/told")" = "$1" ]
}
ok "the manager heard of each of the four" \
	wait_for 10 has_told 4 '^RELOADING=1 MONOTONIC_USEC=[0-9]+$'
ok "and of its end" wait_for 10 has_told 5 '^READY=1$'
ok "only root and its own user may ask for one" eval \
	"setpriv --reuid=nobody --regid=\$(stat -c %g $T/daemon/control) \
	--clear-groups python3 -c '
import socket
s = socket.socket(socket.AF_UNIX)
s.connect(\"$T/daemon/control\")
s.sendall(b\"reload\\n\")
assert b\"error only root\" in s.makefile(\"rb\").read()'"

# --- somebody else wrote into our keys ---
sluiced_mark daemon
rcli set sluice:observe x > "$T/rcli"
ok "what cannot be read is told of" \
	wait_for 15 sluiced_says daemon 'rules are observed.*sluice:observe'
ok "and the store is not away for it" status_has 'it["store"]["state"] == "up"'
rcli del sluice:observe > "$T/rcli"

# --- the store goes and comes ---
redis_kill
ok "a store that is away is something to look at, before mail asks it" \
	wait_for 15 status_has 'it["store"]["state"] == "away" and
	it["look_at"] == ["the store is away"]'
milter "$T/daemon/sock" 'connect mx.example.net 192.0.2.9:25' 'helo a' 'mail <c@example.org>' \
	'rcpt <b@example.net>' 'rcpt <b@example.net>' quit > "$T/milter" 2>&1
ask status
is "exit code 1" $STATUS 1
like "the page says so" "$OUT" '^store +redis .*, AWAY for'
like "and what is counted here" "$OUT" '^counted here +[0-9]+ calls? while'
like "and what the log said" "$OUT" 'warning: store .* is away'
ok "the manager heard of that, too" wait_for 10 told '^STATUS=.*, store away'
redis_start
ok "it comes back" wait_for 15 status_has \
	'it["store"]["state"] == "up" and it["look_at"] == []'

# --- the watchdog ---
sluiced_mark daemon
python3 "$TOP/tests/lib/freeze.py" "$(sluiced_pid daemon)" milter \
	> "$T/frozen" 2>&1 < /dev/null &
freeze_pid=$!
wait_for 10 grep -q '^frozen [1-9]' "$T/frozen" ||
	bail "libmilter's threads cannot be stopped: $(cat "$T/frozen")"
ok "when nobody serves connections any more the log says so" \
	wait_for 20 sluiced_says daemon 'watchdog: our own socket does not answer'
before=$(n_alive)
sleep 1.2
is "and the manager hears nothing more" "$(n_alive)" "$before"
kill $freeze_pid
wait $freeze_pid 2>/dev/null
ok "until it goes on" wait_for 20 is_alive_again "$before"

# --- the end ---
sluiced_stop daemon
is "it ends well" "$SLUICED_STATUS" 0
has_ended() {
	[ "$(tail -n 1 "$T/told")" = STOPPING=1 ]
}
ok "the manager heard that it would" wait_for 10 has_ended
ok "nothing of the control socket is left" eval \
	'! ls "$T/daemon/control"* 2> /dev/null'
ok "every line of the log is JSON, whatever mail said" python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1], "rb").read()
         .decode("utf-8", "strict").splitlines()]
kinds = {line["event"] for line in lines}
assert {"start", "reload", "verdict", "limit", "message", "stop"} <= kinds, kinds
one = {kind: [l for l in lines if l["event"] == kind] for kind in kinds}
results = [line["result"] for line in one["reload"]]
assert results == ["good", "good", "refused", "good"], results
assert one["reload"][1]["rules"] == 4 and one["reload"][1]["rules_before"] == 3
assert "control character" in one["reload"][2]["why"], one["reload"][2]
assert one["start"][0]["pid"] == int(sys.argv[2]), one["start"]
stop = one["stop"][0]
assert stop["reason"] == "SIGTERM" and stop["messages"] == 1, stop
senders = {line.get("from", "") for line in one["verdict"]}
assert any("\u00e9" in sender and "\x1b" in sender for sender in senders)
' "$T/daemon/log" "$(sed -n 's/.*"event":"start".*"pid":\([0-9]*\).*/\1/p' "$T/daemon/log")"
done_testing
