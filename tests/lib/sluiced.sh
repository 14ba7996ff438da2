# shellcheck shell=sh
# sluiced.sh - daemons under test, each in a folder $T/NAME of its own.
#
#   sluiced_make NAME <<rules       writes NAME/sluice.conf and NAME/rules/
#   sluiced_set NAME 'name = value' changes or adds a line of sluice.conf
#   sluiced_start NAME              and waits until it listens
#   sluiced_reload NAME             SIGHUP, and waits for the log to say so
#   sluiced_stop NAME               SIGTERM; sets SLUICED_STATUS
#   milter [OPTION...] SOCKET STEP...
#                                   plays an MTA, see milter.py
#
# SLUICED_STORE is the store of those that follow (default memory).

SLUICED_STORE=memory
SLUICED_WRAP=
# Their names, a file, because sluiced_make may stand in a pipe.
sluiced_all=$T/sluiced.all

sluiced_make() {
	mkdir -p "$T/$1/rules"
	cat > "$T/$1/rules/test.rules"
	# smtpd connects as user postfix
	cat > "$T/$1/sluice.conf" <<-END
		listen = unix:$T/$1/sock
		socket_mode = 0660
		socket_group = postfix
		store = $SLUICED_STORE
		rules = rules/*.rules
		log = stderr
	END
	case $SLUICED_STORE in # with a password nothing starts if all may read
	*@*) chmod o= "$T/$1/sluice.conf" ;;
	esac
	echo "$1" >> "$sluiced_all"
}

sluiced_set() {
	sed -i "/^${2%% *} *=/d" "$T/$1/sluice.conf"
	printf '%s\n' "$2" >> "$T/$1/sluice.conf"
}

sluiced_pid() {
	cat "$T/$1/pid" 2>/dev/null
}

# In words of Postfix: unix:/path, inet:127.0.0.1:8893
sluiced_milter() {
	sluiced_listen=$(sed -n 's/^listen = //p' "$T/$1/sluice.conf")
	case $sluiced_listen in
	inet:*) echo "inet:${sluiced_listen##*@}:$(sluiced_address "$1")" ;;
	*) echo "$sluiced_listen" ;;
	esac
}

# What is_listening wants: a port or a path
sluiced_address() {
	sed -n 's/^listen = //p' "$T/$1/sluice.conf" |
		sed 's/^unix://; s/^inet6*://; s/@.*//'
}

sluiced_spawn() {
	# shellcheck disable=SC2086 # SLUICED_WRAP: a command and its arguments
	$SLUICED_WRAP "$BUILD/sluiced" -f -c "$T/$1/sluice.conf" \
		< /dev/null > "$T/$1/out" 2>> "$T/$1/log" &
	echo $! > "$T/$1/pid"
}

sluiced_is_up() {
	is_gone "$(sluiced_pid "$1")" || is_listening "$(sluiced_address "$1")"
}

sluiced_start() {
	sluiced_spawn "$1"
	wait_for 15 sluiced_is_up "$1" && is_running "$(sluiced_pid "$1")" ||
		bail "$1 did not start: $(tail -n 5 "$T/$1/log")"
}

sluiced_log() {
	cat "$T/$1/log"
}

# The part of the log that came after sluiced_mark
sluiced_mark() {
	wc -c < "$T/$1/log" > "$T/$1/mark"
}

sluiced_since() {
	tail -c +$(($(cat "$T/$1/mark") + 1)) "$T/$1/log"
}

# sluiced_says NAME ERE: a line since the mark matches
sluiced_says() {
	sluiced_since "$1" | grep -Eq -- "$2"
}

sluiced_reload() {
	sluiced_mark "$1"
	kill -HUP "$(sluiced_pid "$1")"
	wait_for 5 sluiced_says "$1" 'reload.*result.*good' ||
		bail "$1 said nothing of its rules after SIGHUP"
}

milter() {
	timeout 60 python3 "$TOP/tests/lib/milter.py" "$@" 2>&1
}

sluiced_wait() {
	wait_for "${2:-10}" is_gone "$(sluiced_pid "$1")" || return 1
	wait "$(sluiced_pid "$1")"
	SLUICED_STATUS=$?
	rm -f "$T/$1/pid"
}

sluiced_stop() {
	kill "$(sluiced_pid "$1")" 2>/dev/null
	sluiced_wait "$1"
}

# Nothing of a sanitizer or an assertion in any log; done_testing asks.
sluiced_all_sane() {
	while read -r sluiced_name; do
		! grep -E -A 30 'Sanitizer|runtime error:|Assertion' \
			"$T/$sluiced_name/log" || return 1
	done < "$sluiced_all"
}

sluiced_stop_all() {
	[ -s "$sluiced_all" ] || return 0
	while read -r sluiced_name; do
		[ ! -s "$T/$sluiced_name/pid" ] ||
			kill -KILL "$(sluiced_pid "$sluiced_name")" 2>/dev/null
	done < "$sluiced_all"
}
at_exit sluiced_stop_all
