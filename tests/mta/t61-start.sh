#!/bin/sh
# Starts that must fail: each with a clear message, a position where there is
# one, exit code 1 (2 for wrong usage), and none of them a crash.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"

start() { # NAME [ARGUMENT...]: status in $STATUS, words in $WORDS
	start_name=$1
	shift
	WORDS=$(timeout 10 "$BUILD/sluiced" -f -c "$T/$start_name/sluice.conf" "$@" \
		2>&1 < /dev/null)
	STATUS=$?
}
refused() { # NAME ERE
	is "$1: exit code 1" "$STATUS" 1
	like "$1: a clear message" "$WORDS" "$2"
}
make() {
	sluiced_make "$1" <<-'END'
		on rcpt { r: reject "no" if rcpt.to == "x@example.net" }
	END
}

make conf
sluiced_set conf 'lissten = inet:1@127.0.0.1'
start conf
refused "an unknown name in sluice.conf" 'sluice\.conf:7:1: error: .*lissten'
like "  the right one is suggested" "$WORDS" 'did you mean .?listen'
make value
sluiced_set value 'store_timeout = soon'
start value
refused "a value that is none" 'sluice\.conf:7:17: error: .*soon.*store_timeout'
make url
sluiced_set url 'store = redis//nowhere'
start url
refused "a store URL that is none" 'redis//nowhere'
make master
sluiced_set master 'store = redis+sentinel://127.0.0.1/'
start master
refused "sentinels without the name of a master" 'how the sentinels call'
make listen
sluiced_set listen 'listen = tcp:25'
start listen
refused "a listener of an unknown kind" 'tcp:25'
make anywhere
sluiced_set anywhere 'listen = inet:8893'
start anywhere
refused "a listener without its host" 'inet:8893'
start missing
refused "no sluice.conf" 'missing/sluice\.conf.*No such file'
make norules
rm "$T/norules/rules/test.rules"
start norules
refused "no rule file" 'rules/\*\.rules'
make badrules
echo 'on rcpt { r: rejct "no" }' > "$T/badrules/rules/test.rules"
start badrules
refused "a rule file with a mistake" 'test\.rules:1:14: error'
like "  the right word is suggested" "$WORDS" 'did you mean .?reject'

port=$(free_port)
make first
sluiced_set first "listen = inet:$port@127.0.0.1"
sluiced_start first
make other
sluiced_set other "listen = inet:$port@127.0.0.1"
start other
refused "a port in use" "error: cannot listen on inet:$port.*another program uses this port"
make unix
sluiced_start unix
cp -r "$T/unix" "$T/twice"
start twice
refused "started twice on one socket" "another sluiced .* listens on unix:$T/unix/sock"
ok "  and the first one goes on" is_listening "$T/unix/sock"
is "  answering" "$(milter "$T/unix/sock" 'connect h.example 192.0.2.1' |
	grep -c '^connect: c')" 1

make folder
sluiced_set folder "listen = unix:$T/no/such/folder/sock"
start folder
refused "a socket in a folder that is not there" 'no/such/folder/sock: the folder of this socket is missing'
make nobody
mkdir "$T/closed"
chmod 555 "$T/closed"
sluiced_set nobody "listen = unix:$T/closed/sock"
WORDS=$(cd / && timeout 10 setpriv --reuid=nobody --clear-groups --regid=postfix \
	"$BUILD/sluiced" -f -c "$T/nobody/sluice.conf" 2>&1 < /dev/null)
STATUS=$?
refused "a socket in a folder that is not writable" "closed/sock: the user of sluiced \($(id -u nobody) here\) may not write to its folder"
make secret
(umask 077 && echo secret > "$T/secret/password")
sluiced_set secret "store_password_file = $T/secret/password"
WORDS=$(cd / && timeout 10 setpriv --reuid=nobody --clear-groups --regid=postfix \
	"$BUILD/sluiced" -f -c "$T/secret/sluice.conf" 2>&1 < /dev/null)
STATUS=$?
refused "a password that the daemon may not read" \
	"Permission denied: user $(id -u nobody) may not read '.*/password'"
make file
echo precious > "$T/file/precious"
sluiced_set file "listen = unix:$T/file/precious"
start file
refused "a socket path that is a file" 'precious'
is "  which is left as it was" "$(cat "$T/file/precious" 2>&1)" precious
make group
sluiced_set group 'socket_group = no-such-group'
start group
refused "a group that is not there" 'no-such-group'
make long
sluiced_set long "listen = unix:/tmp/$(printf '%0120d' 0)"
start long
refused "a socket path that is too long" 'sluice\.conf:6:10: error: .*at most 107 bytes'

WORDS=$(timeout 10 "$BUILD/sluiced" --nonsense 2>&1 < /dev/null)
is "an unknown option: exit code 2" $? 2
like "  and the usage" "$WORDS" '[Uu]sage'

make check
start check -n
is "-n with good rules: exit code 0" "$STATUS" 0
ok "  and nobody listens" test ! -e "$T/check/sock"
start badrules -n
refused "-n with bad rules" 'test\.rules:1:14: error'

make away
sluiced_set away 'store = redis://127.0.0.1:1/0'
sluiced_start away
pass "a store that is away is no reason not to start"
done_testing
