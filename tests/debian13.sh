#!/bin/sh
# debian13.sh - the whole suite on Debian 13 (trixie), in a folder of its own:
# `make test-debian13`. There it meets valkey instead of Redis, a hiredis with
# TLS, a newer Postfix, libmilter and gcc.
#
#   tests/debian13.sh              makes the folder, unless it is there, and
#                                  runs `make CI=1 test` in it; the last line is its
#   tests/debian13.sh COMMAND...   runs that instead, in a copy of HEAD
#   tests/debian13.sh --drop       removes the folder
#
# What is tested is HEAD, exported anew each time. The folder is a Debian made
# by debootstrap (a minute, 1 GB), $SLUICE_CHROOT or else
# ${TMPDIR:-/tmp}/sluice-debian13; it is kept for the next time. What runs in it
# has processes, mounts and a host name of its own: all of it ends with the
# command, and this machine's mail system and Redis are not touched. Root only.
set -eu
cd "$(dirname "$0")/.."
PATH=/usr/sbin:/usr/bin:/sbin:/bin
SUITE=trixie
CHROOT_HOST=debian13
SERVER='valkey-server valkey-tools' # instead of redis-server
chroot=${SLUICE_CHROOT:-${TMPDIR:-/tmp}/sluice-debian13}
. tests/lib/chroot.sh

bail() {
	echo "debian13.sh: $*" >&2
	exit 1
}

make_chroot() {
	echo "debian13.sh: making a Debian $SUITE in $chroot"
	chroot_make "$chroot" $SUITE || bail "there is no Debian $SUITE"
}

# in_chroot FOLDER COMMAND...
in_chroot() {
	# shellcheck disable=SC2016 # for the shell inside
	chroot_in "$chroot" sh -c 'cd "$0" && exec "$@"' "$@"
}

# A folder that is kept may lack what is needed since.
wanted_packages() {
	cksum < tests/setup/packages.txt
}

# The server first: packages.sh then finds that there is one.
install_packages() {
	# shellcheck disable=SC2086 # two words
	in_chroot /src sh -c '
		apt-get -q update &&
		apt-get -q -y install --no-install-recommends "$@" &&
		tests/setup/packages.sh' sh make $SERVER >> "$chroot.log" 2>&1 ||
		bail "packages are missing: $(tail -n 5 "$chroot.log")"
	wanted_packages > "$chroot/installed"
}

export_head() {
	rm -rf --one-file-system "$chroot/src"
	mkdir "$chroot/src"
	git archive HEAD | tar -x -C "$chroot/src"
}

[ "$(id -u)" = 0 ] || bail "needs root: debootstrap, chroot and Postfix do"
if [ "${1:-}" = --drop ]; then
	chroot_drop "$chroot"
	exit
fi
[ $# -gt 0 ] || set -- make CI=1 test
# one at a time: there is one folder
exec 9> "$chroot.lock"
flock -w 3600 9 || bail "another run does not end"
[ -d "$chroot" ] || make_chroot
export_head
[ "$(cat "$chroot/installed" 2> /dev/null)" = "$(wanted_packages)" ] ||
	install_packages
echo "debian13.sh: $(in_chroot / dpkg-query -W -f '${Package} ${Version}, ' \
	gcc libhiredis-dev libmilter-dev postfix valkey-server)in $chroot"
in_chroot /src nice "$@"
