#!/bin/sh
# The password of the store, in its URL and in a file: nobody who may not read
# these reads it anywhere else, and nothing starts while everybody may.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"
. "$TOP/tests/lib/tool.sh"

redis_start
rcli acl setuser hidden on '>hunter22' '~*' '&*' '+@all' > /dev/null
chmod 711 "$T"
rules() {
	cat <<-'END'
		limit pace 1/1h recipients by client.ip
		on rcpt { pace: tempfail 450 4.7.1 "enough" if over pace }
		on headers { word: reject 550 5.7.1 "${subject}" if subject =~ /refuse/ }
	END
}
nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
make() { # NAME STORE: run as nobody
	SLUICED_STORE=$2
	rules | sluiced_make "$1"
	for setting in 'socket_group = nogroup' 'log_level = debug' "host = $1.example.org"; do
		sluiced_set "$1" "$setting"
	done
	chown -R nobody:nogroup "$T/$1"
}
mail() { # NAME CLIENT
	milter "$T/$1/sock" "connect h.example $2" 'helo a' 'mail <a@example.org>' \
		'rcpt <b@example.org>' 'rcpt <c@example.org>' \
		data 'header Subject refuse' eoh end quit
}
SLUICED_WRAP=$nobody
export SLUICED_WRAP

make url "redis://hidden:hunter22@127.0.0.1:$REDIS_PORT/0"
make file "redis://hidden@127.0.0.1:$REDIS_PORT/0"
echo hunter22 > "$T/file/password"
chown nobody "$T/file/password"
chmod 600 "$T/file/password"
sluiced_set file 'store_password_file = password'
sluiced_set file 'log_format = json'
make wrong "redis://hidden:hunter22-no@127.0.0.1:$REDIS_PORT/0"
for name in url file wrong; do
	sluiced_start "$name"
	mail "$name" "192.0.2.${#name}" >> "$T/seen"
done
counted() {
	rcli --scan | grep -c "^sluice:limit:pace:{$1}\$"
}
is "with the password in the URL Redis counts" "$(counted 192.0.2.3)" 1
is "and with one in a file" "$(counted 192.0.2.4)" 1
is "with a wrong one it does not" "$(counted 192.0.2.5)" 0

# Everything that is there to be read.
tool_conf=$T/url/sluice.conf
# shellcheck disable=SC2086 # words
timeout 60 $nobody "$BUILD/sluice" -c "$tool_conf" tail \
	< /dev/null > "$T/tail" 2>&1 &
tail_pid=$!
at_exit "kill $tail_pid 2> /dev/null"
wait_for 5 redis_has_waiting 1 || bail "no tail waits"
mail url 192.0.2.3 > "$T/replies"
# shellcheck disable=SC2129 # there is a loop between them
for command in check print hosts stats facts counters 'user 192.0.2.1' 'top --once' grants \
	'table' status 'check --slow' 'why x' 'reset pace x' 'help' 'version'; do
	for conf in url file wrong; do
		# shellcheck disable=SC2086 # words
		timeout 20 "$BUILD/sluice" -c "$T/$conf/sluice.conf" $command
	done
done >> "$T/seen" 2>&1 < /dev/null
for conf in url file wrong; do
	"$BUILD/sluiced" -n -c "$T/$conf/sluice.conf"
	pid=$(sluiced_pid "$conf")
	for other in "$pid" "$tail_pid" $(pgrep -P "$pid"); do
		tr '\0' '\n' < "/proc/$other/cmdline"
		tr '\0' '\n' < "/proc/$other/environ"
		cat "/proc/$other/comm"
	done
done >> "$T/seen" 2>&1
rcli --scan | while read -r key; do
	case $(rcli type "$key") in
	hash) rcli hgetall "$key" ;;
	stream) rcli xrange "$key" - + ;;
	string) rcli get "$key" ;;
	esac
done >> "$T/seen"
at_least "much was said" "$(wc -l < "$T/seen")" 150
is "no command, no process, no key of Redis shows the password" "$(grep -c hunter22 "$T/seen")" 0
is "no log does" "$(cat "$T"/*/log "$T"/*/out "$T/tail" | grep -c hunter22)" 0
like "though the wrong one was refused" "$(sluiced_log wrong)" 'WRONGPASS'
seen() {
	grep -q pace "$T/tail"
}
ok "and events were seen" wait_for 10 seen

# Not even users of the same name look into the process, so none dumps core.
is "its memory is root's" "$(stat -c %u "/proc/$(sluiced_pid url)/mem")" 0
# shellcheck disable=SC2086
ok "nor does its own user" sh -c "! $nobody cat /proc/$(sluiced_pid url)/environ"

# What everybody can read.
SLUICED_WRAP=
refused() { # NAME FILE
	timeout 10 "$BUILD/sluiced" -f -c "$T/$1/sluice.conf" < /dev/null > "$T/out" 2>&1
	is "$1: sluiced does not start" $? 1
	like "  and says what to do" "$(cat "$T/out")" "every user.*chmod o= .*$2|$2.*every user: chmod o="
	timeout 10 "$BUILD/sluice" -c "$T/$1/sluice.conf" top --once < /dev/null >> "$T/out" 2>&1
	is "  nor does sluice" $? 1
	unlike "  nothing shows it" "$(cat "$T/out")" 'hunter22'
	ok "  and after chmod o= it is taken" sh -c \
		"chmod o= '$T/$1/$2' && '$BUILD/sluiced' -n -c '$T/$1/sluice.conf'"
}
sluiced_stop url
sluiced_stop file
chmod 644 "$T/url/sluice.conf"
refused url sluice.conf
chmod 604 "$T/file/password"
refused file password
done_testing
