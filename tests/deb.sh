#!/bin/sh
# deb.sh - the Debian package: built from the tarball, looked at by lintian,
# installed in a fresh Debian, started, upgraded, removed and purged there:
# `make test-deb`. Then what needs packages that `make test` does without.
#
#   tests/deb.sh           prints TAP
#   tests/deb.sh --drop    removes the Debian that is kept
#
# The Debian is of this machine's own release: debootstrap makes it (a minute,
# 250 MB) in $SLUICE_DEB_CHROOT or else ${TMPDIR:-/tmp}/sluice-debian-RELEASE,
# and each run works on a copy. Root only, and the copies come and go: nothing
# is installed on this machine but what the build needs.
TAP_NAME=sluice-deb
TOP=$(cd "$(dirname "$0")/.." && pwd)
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/chroot.sh"
CHROOT_HOST=deb.example

release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
kept=${SLUICE_DEB_CHROOT:-${TMPDIR:-/tmp}/sluice-debian-$release}
root=$T/root
[ "$(id -u)" = 0 ] || bail "needs root: debootstrap and chroot do"
if [ "${1:-}" = --drop ]; then
	chroot_drop "$kept"
	exit
fi

inside() {
	chroot_in "$root" "$@"
}
inside_apt() {
	inside apt-get -q -y --no-install-recommends \
		-o Dpkg::Options::=--force-confdef \
		-o Dpkg::Options::=--force-confold "$@" > "$T/apt.out" 2>&1 &&
		return
	tail -n 20 "$T/apt.out"
	return 1
}
# Everything that is there, but for what packages keep about packages. Of a
# folder its time tells nothing.
inventory() {
	find "$root" -xdev \( -path "$root/var/lib/dpkg" \
		-o -path "$root/var/lib/apt" -o -path "$root/var/cache" \
		-o -path "$root/var/log" -o -path "$root/tmp" \
		-o -path "$root/root" \) -prune -o \
		\( -type d -printf 'd %m %U:%G %P\n' \) -o \
		-printf '%y %m %U:%G %s %T@ %P %l\n' | sort
}
has() { # FILE ERE: in the copy
	grep -Eqs -- "$2" "$root$1"
}

# It builds, of the tarball.
ok "the package is built, and lintian finds nothing" \
	${MAKE:-make} -s -C "$TOP" BUILD="$BUILD" deb
deb=$(find "$BUILD/deb" -name 'sluice_*.deb')
[ -n "$deb" ] || bail "there is no package: $(tail -n 5 "$T/tap.out")"
version=$("$TOP/contrib/package/version.sh")
is "its version is that of the Makefile" "$(dpkg-deb -f "$deb" Version)" \
	"$version-0upstream1"

[ -d "$kept" ] || chroot_make "$kept" "$release" || bail "no Debian $release"
cp -a "$kept" "$root"
inside_apt update || bail "apt-get update: $(tail -n 5 "$T/apt.out")"
inside_apt satisfy "$(dpkg-deb -f "$deb" Depends)" \
	"redis-server | valkey-redis-compat, python3, man-db, procps" ||
	bail "what it depends on: $(tail -n 5 "$T/apt.out")"
mkdir -p "$root/root/lib"
cp "$TOP"/tests/lib/*.py "$TOP/tests/lib/deb_inside.sh" "$root/root/lib/"
inventory > "$T/before"

# A first installation changes nothing of the mail.
cp "$deb" "$root/root/first.deb"
ok "it installs" inside_apt install /root/first.deb
is "the user may not log in" \
	"$(inside getent passwd sluice | cut -d : -f 6-)" \
	"/nonexistent:/usr/sbin/nologin"
is "the configuration is for root and the daemon" \
	"$(inside stat -c '%a %U:%G' /etc/sluice)" "750 root:sluice"
is "all of it are conffiles" \
	"$(inside dpkg-query -W -f '${Conffiles}' sluice | awk '{ print $1 }' |
		sort | tr '\n' ' ')" \
	"$(cd "$root" && find etc/sluice -type f | sed 's,^,/,' | sort |
		tr '\n' ' ')"
is "the service is not enabled" \
	"$(find "$root/etc/systemd" -name 'sluice*')" ""
ok "systemd understands the unit" inside env SYSTEMD_LOG_TARGET=console \
	systemd-analyze verify sluice.service
for page in "$TOP"/man/*.[1-9]; do
	[ ! -e "$page" ] ||
		inside man -w "${page##*.}" "$(basename "${page%.*}")"
done > "$T/pages" 2>&1
is "each manual page is found" "$(grep -c '^/usr/share/man/' "$T/pages")" \
	"$(find "$TOP/man" -name '*.[1-9]' 2>/dev/null | wc -l)"
ok "the daemon's user may read the rules, and they are right" \
	inside setpriv --reuid sluice --regid sluice --clear-groups sluice check
ok "their tests pass" inside sluice test
ok "the configuration is right" inside sluiced -n

# It serves.
export CHROOT_NET=none
ok "the daemon is started as its unit says" \
	inside sh /root/lib/deb_inside.sh /root/out
unset CHROOT_NET
seen() {
	cat "$root/root/out/$1" 2>/dev/null
}
is "by the user sluice" "$(seen user)" sluice
is "which waits for its word" "$(seen type | sed 's/-reload$//')" notify
like "it says when it is ready" "$(seen notified)" '^READY=1'
like "a mail goes through" "$(seen mail)" '^end: (continue|accept)'
like "a robot does not" "$(seen robot)" '^(helo|mail): reply 5'
like "it counts in Redis" "$(seen keys)" '^sluice:limit:client-burst:'
like "sluice status tells of it" "$(seen status)" "$version"
like "and sluice hosts" "$(seen hosts)" "$version"
is "it ends well" "$(seen exit)" 0
is "and leaves nothing in its folder" "$(seen left)" ""

# An upgrade with a question about each of two files; one of them is edited.
dpkg-deb -R "$deb" "$T/next" || bail "the package cannot be unpacked"
sed -i "s/^Version: .*/&+next/" "$T/next/DEBIAN/control"
echo '# new' >> "$T/next/etc/sluice/sluice.conf"
echo '# new' >> "$T/next/etc/sluice/rules/mx.rules"
dpkg-deb -b "$T/next" "$root/root/next.deb" > /dev/null || bail "no second one"
echo 'mode = observe' >> "$root/etc/sluice/sluice.conf"
inside chmod 755 /etc/sluice
rm "$root/etc/sluice/rules/content.rules"
ok "it upgrades" inside_apt install /root/next.deb
ok "an edited conffile stays" has /etc/sluice/sluice.conf '^mode = observe$'
ok "the new one is beside it" has /etc/sluice/sluice.conf.dpkg-dist '^# new$'
ok "one that was not edited is new" has /etc/sluice/rules/mx.rules '^# new$'
is "one that was taken away does not come back" \
	"$(find "$root/etc/sluice" -name 'content.rules')" ""
is "who may read it is the administrator's affair" \
	"$(inside stat -c '%a %U:%G' /etc/sluice)" "755 root:sluice"

# And goes again.
ok "it is removed" inside_apt remove sluice
is "with its programs" "$(find "$root/usr" -path '*bin/sluice*')" ""
ok "what was edited is still there" has /etc/sluice/sluice.conf '^mode = observe$'
ok "it is purged" inside_apt purge sluice
inventory > "$T/after"
is "nothing is left of it" "$(diff "$T/before" "$T/after" | sed -n 's/^[<>] //p' |
	grep -vE ' (etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|etc/\.pwd\.lock|etc/ld\.so\.cache) ?$' |
	grep -v '__pycache__')" ""
like "but the user" "$(inside getent passwd sluice)" '^sluice:'

# The shells that `make test` does without.
mkdir -p "$T/desk/rules"
echo 'store = memory' > "$T/desk/sluice.conf"
echo 'limit user-pace 20/1m recipients by sasl.user' > "$T/desk/rules/a.rules"
in_fish() {
	fish --no-config -c "
		set PATH '$BUILD' \$PATH
		source '$TOP/contrib/completion/sluice.fish'
		complete -C '$1'" | cut -f 1 | tr '\n' ' '
}
is "fish: commands" "$(in_fish 'sluice gran')" "grant grants "
is "fish: limits" "$(in_fish "sluice -c $T/desk/sluice.conf reset us")" "user-pace "
in_zsh() { # WORD...: what the functions of zsh are given
	zsh -fc '
		_describe() { print -rl -- "${(P)2[@]%%:*}" }
		_files() { print -r -- files }
		file=$1
		shift
		words=("$@") CURRENT=$#
		source $file' zsh "$TOP/contrib/completion/sluice.zsh" \
		"$BUILD/sluice" "$@" | tr '\n' ' '
}
is "zsh: commands" "$(in_zsh gran)" "grant grants "
is "zsh: limits" "$(in_zsh -c "$T/desk/sluice.conf" reset us)" "user-pace "
is "zsh: files" "$(in_zsh explain '')" "files "
done_testing
