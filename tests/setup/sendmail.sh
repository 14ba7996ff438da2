#!/bin/sh
# sendmail.sh - Debian's Sendmail, unpacked for tests into $SLUICE_SENDMAIL or
# else ${TMPDIR:-/tmp}/sluice-sendmail, and the name of that folder printed. It
# cannot be installed beside Postfix: the two packages exclude each other.
#
# Once it is there this does nothing, and needs no network.
set -u
root=${SLUICE_SENDMAIL:-${TMPDIR:-/tmp}/sluice-sendmail}
program=usr/libexec/sendmail/sendmail
log=$root.log

# Its packages, and the libraries of theirs that this machine does not have.
packages() {
	echo sendmail-bin sendmail-base sendmail-cf
	apt-cache depends --no-recommends --no-suggests sendmail-bin |
		sed -n 's/^ *|\{0,1\}Depends: \(lib[^ ]*\)$/\1/p' |
		while read -r lib; do
			dpkg-query -W -f '${db:Status-Abbrev}' "$lib" \
				2>/dev/null | grep -q '^.i' || echo "$lib"
		done
}

# The loader does not look where a set-id program says, so it must not be one.
unpack() {
	rm -rf "$root.part"
	mkdir -p "$root.part/deb"
	(
		cd "$root.part/deb" || exit 1
		# shellcheck disable=SC2046 # one word each
		apt-get -q download $(packages) || exit 1
		for deb in ./*.deb; do
			dpkg -x "$deb" .. || exit 1
		done
	) < /dev/null > "$log" 2>&1 || return 1
	chmod g-s "$root.part/$program"
	rm -rf "$root.part/deb" "$root"
	mv "$root.part" "$root"
}

if [ ! -x "$root/$program" ]; then
	# several scripts may want it at once
	exec 8> "$root.lock"
	flock -w 100 8 || {
		echo "sendmail.sh: somebody keeps $root.lock" >&2
		exit 1
	}
	# the lists may be missing, or older than the mirror
	[ -x "$root/$program" ] || unpack || {
		apt-get -q update < /dev/null > "$log" 2>&1
		unpack
	} || {
		echo "sendmail.sh: Sendmail could not be fetched:" \
			"$(tail -n 3 "$log")" >&2
		exit 1
	}
fi
echo "$root"
