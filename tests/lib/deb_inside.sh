#!/bin/sh
# deb_inside.sh FOLDER - in a Debian where the package is installed: starts the
# daemon as its unit would, sends a mail through it and asks it how it is. What
# came back stands in files of FOLDER, for tests/deb.sh to judge. There is no
# systemd that runs; what it would do of the unit is done here: user, runtime
# folder, umask, $NOTIFY_SOCKET.
set -eu
out=$1
mkdir -p "$out"
here=$(cd "$(dirname "$0")" && pwd)
unit=$(dpkg -L sluice | grep '/system/sluice\.service$')

# The last value of a key
unit_says() {
	sed -n "s/^$1=//p" "$unit" | tail -n 1
}

wait_for() { # SECONDS COMMAND...
	tries=$(($1 * 10))
	shift
	until "$@" 2> /dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

setpriv --reuid redis --regid redis --init-groups redis-server \
	--dir /var/lib/redis --save '' --logfile '' > /dev/null 2>&1 &

user=$(unit_says User)
folder=/run/$(unit_says RuntimeDirectory)
install -d -o "$user" -g "$(unit_says Group)" \
	-m "$(unit_says RuntimeDirectoryMode)" "$folder"
unit_says Type > "$out/type"
python3 - "$folder/notify" "$out/notified" <<-'END' &
	import os, socket, sys
	it = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	it.bind(sys.argv[1])
	os.chmod(sys.argv[1], 0o666)
	while True:
	    with open(sys.argv[2], "ab", 0) as out:
	        out.write(it.recv(4096) + b"\n")
END
listener=$!
wait_for 10 test -S "$folder/notify"

umask "$(unit_says UMask)"
# shellcheck disable=SC2046 # a command and its arguments
NOTIFY_SOCKET=$folder/notify setpriv --reuid "$user" \
	--regid "$(unit_says Group)" --init-groups --no-new-privs \
	$(unit_says ExecStart | sed 's/^[-:+!@]*//') \
	> "$out/log" 2>&1 &
daemon=$!
umask 022
wait_for 20 grep -qs '^READY=1' "$out/notified" || true
ps -o user= -p $daemon > "$out/user" 2>&1 ||
	stat -c %U "/proc/$daemon" > "$out/user"

python3 "$here/milter.py" 127.0.0.1:8893 'macro connect {daemon_name} mx' \
	'connect mx.example.net 192.0.2.7' 'helo mx.example.net' \
	'mail <a@example.org>' 'rcpt <b@example.net>' data \
	'header Subject hello' eoh 'body hello\r\n' end > "$out/mail" 2>&1 || true
python3 "$here/milter.py" 127.0.0.1:8893 'macro connect {daemon_name} mx' \
	'connect h.example 192.0.2.8' 'helo localhost' 'mail <a@example.org>' \
	> "$out/robot" 2>&1 || true
redis-cli --raw keys 'sluice:limit:*' > "$out/keys" 2>&1 || true
sluice status > "$out/status" 2>&1 || true
sluice hosts > "$out/hosts" 2>&1 || true

kill $daemon
status=0
wait $daemon || status=$?
echo $status > "$out/exit"
kill $listener
find "$folder" -mindepth 1 ! -name notify > "$out/left"
