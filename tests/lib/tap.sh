# shellcheck shell=sh
# tap.sh - what every test script stands on: results, a folder, clean-up.
#
# A script of tests/mta reads this file first and ends with `done_testing`.
# Results are TAP on stdout. $T is a folder of its own, searchable by others
# (Postfix and Redis look into it), and gone at the end with whatever was
# started, however the script ends. Anything that goes wrong outside of a test
# ends the script by `bail`: without its plan, the runner counts it as failed.

set -u
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export LC_ALL PATH
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${SLUICE_BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
. "$TOP/tests/lib/servers.sh"
T=$(mktemp -d "${TMPDIR:-/tmp}/${TAP_NAME:-sluice-test}.XXXXXX") || exit 1
chmod 755 "$T"
tap_n=0
tap_failed=0
tap_exits=
port_folder=${TMPDIR:-/tmp}/sluice-ports

# Commands for the end, the last one first.
at_exit() {
	tap_exits="$1
$tap_exits"
}

tap_clean_up() {
	tap_status=$?
	trap '' INT TERM
	trap - EXIT
	eval "$tap_exits"
	grep -lsx $$ "$port_folder"/* 2>/dev/null | xargs -r rm -f
	rmdir "$port_folder" 2>/dev/null
	if [ -n "${KEEP:-}" ]; then
		echo "# kept: $T"
	else
		rm -rf "$T"
	fi
	exit $tap_status
}
trap tap_clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bail() {
	echo "Bail out! $*"
	exit 1
}

# Details of a failure: its input as comments.
diag() {
	sed 's/^/#   /'
}

pass() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1"
}

fail() {
	tap_n=$((tap_n + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_n - $1"
}

# ok NAME COMMAND...: it ends with 0
ok() {
	tap_name=$1
	shift
	if "$@" > "$T/tap.out" 2>&1; then
		pass "$tap_name"
	else
		tap_status=$?
		fail "$tap_name"
		{ echo "status $tap_status of: $*"; tail -n 20 "$T/tap.out"; } | diag
	fi
}

# is NAME GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1"
		printf 'got:  %s\nwant: %s\n' "$2" "$3" | diag
	fi
}

# at_most, at_least NAME GOT LIMIT: whole numbers
at_most() {
	if [ "${2:-0}" -le "$3" ]; then
		pass "$1 ($2)"
	else
		fail "$1"
		printf 'got %s, more than %s\n' "$2" "$3" | diag
	fi
}

at_least() {
	if [ "${2:-0}" -ge "$3" ]; then
		pass "$1 ($2)"
	else
		fail "$1"
		printf 'got %s, less than %s\n' "$2" "$3" | diag
	fi
}

# like, unlike NAME GOT ERE: some line of it matches; none does
like() {
	if printf '%s\n' "$2" | grep -Eq -- "$3"; then
		pass "$1"
	else
		fail "$1"
		printf 'no line matches %s in:\n%s\n' "$3" "$2" | diag
	fi
}

unlike() {
	if printf '%s\n' "$2" | grep -Eq -- "$3"; then
		fail "$1"
		printf 'a line matches %s in:\n%s\n' "$3" "$2" | diag
	else
		pass "$1"
	fi
}

done_testing() {
	[ ! -s "${sluiced_all:-}" ] ||
		ok "no daemon was found fault with by a sanitizer" sluiced_all_sane
	echo "1..$tap_n"
	[ $tap_failed = 0 ]
	exit
}

# wait_for SECONDS COMMAND...: until it ends with 0; 1 when it never did
wait_for() {
	tap_tries=$(($1 * 50))
	shift
	until "$@" > /dev/null 2>&1; do
		tap_tries=$((tap_tries - 1))
		[ $tap_tries -gt 0 ] || return 1
		sleep 0.02
	done
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

is_listening() { # PORT or /path of a socket
	case $1 in
	/*) [ -n "$(ss -Hxl "src $1")" ] ;;
	*) [ -n "$(ss -Htln "sport = :$1")" ] ;;
	esac
}

# Prints a port that nobody listens on and that no other script takes: the
# file made for it is there until this script ends. Below the range from which
# the system takes ports for clients.
free_port() {
	mkdir -p "$port_folder"
	port_try=$(($(od -An -N2 -tu2 /dev/urandom) % 10000 + 20000))
	while :; do
		port_try=$((port_try < 30000 ? port_try + 1 : 20000))
		port_file=$port_folder/$port_try
		# left behind by a script that was killed
		! read -r port_owner 2>/dev/null < "$port_file" ||
			kill -0 "$port_owner" 2>/dev/null || rm -f "$port_file"
		(set -C; echo $$ > "$port_file") 2>/dev/null || continue
		! is_listening $port_try || continue
		echo $port_try
		return
	done
}

# is_running PID: alive, and no zombie
is_running() {
	case $(cut -d ' ' -f 3 "/proc/$1/stat" 2>/dev/null) in
	'') return 1 ;;
	# its other threads may yet end, and keep its files till then
	Z) [ "$(find "/proc/$1/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)" -gt 1 ] ;;
	esac
}

is_gone() {
	! is_running "$1"
}

# end_process PID SECONDS: SIGTERM, and SIGKILL when that was not enough
end_process() {
	kill -CONT "$1" 2>/dev/null
	kill "$1" 2>/dev/null || return 0
	wait_for "$2" is_gone "$1" || kill -KILL "$1" 2>/dev/null
}
