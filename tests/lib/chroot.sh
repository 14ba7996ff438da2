# shellcheck shell=sh
# chroot.sh - a Debian in a folder, for scripts that need another machine.
#
#   chroot_make FOLDER SUITE       debootstrap, apt set up, no service starts
#   chroot_in FOLDER COMMAND...    runs it there, as root, with processes,
#                                  mounts and a host name of its own: all of it
#                                  ends with the command; CHROOT_NET=none: with
#                                  a network of its own, which is only a
#                                  loopback; CHROOT_HOST is the host's name
#   chroot_drop FOLDER             removes it
#
# Root only. The folder must be on a file system that allows devices and set-uid
# programs. Each ends with 1 and a word on standard error if something is wrong;
# what debootstrap said is in FOLDER.log. Packages come from where this machine
# has its own from, or from $MIRROR.
CHROOT_HOST=${CHROOT_HOST:-chroot}

# Before the first `apt-get update` apt does not know whose they are.
chroot_mirror() {
	# shellcheck disable=SC2016 # a field of apt's
	chroot_sites=$(
		apt-get indextargets --format '$(SITE)' 'Created-By: Packages' \
			'Label: Debian'
		apt-get indextargets --format '$(SITE)' 'Created-By: Packages'
	)
	echo "${MIRROR:-${chroot_sites%%
*}}"
}

# Names are looked up and packages fetched as on this machine.
chroot_take_over_network() {
	cp /etc/resolv.conf /etc/hosts "$1/etc/"
	for chroot_file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*proxy* \
		/etc/apt/auth.conf; do
		[ ! -f "$chroot_file" ] || cp "$chroot_file" \
			"$1/etc/apt/apt.conf.d/$(basename "$chroot_file").host"
	done
}

chroot_make() {
	chroot_from=$(chroot_mirror)
	rm -rf --one-file-system "${1:?}.part"
	mkdir -p "$1.part"
	if ! debootstrap --variant=minbase "$2" "$1.part" "$chroot_from" \
		< /dev/null > "$1.log" 2>&1; then
		echo "debootstrap failed: $(tail -n 5 "$1.log")" >&2
		return 1
	fi
	mv "$1.part" "$1"
	{
		echo "deb $chroot_from $2 main"
		echo "deb $chroot_from $2-updates main"
	} > "$1/etc/apt/sources.list"
	chroot_take_over_network "$1"
	printf '#!/bin/sh\nexit 101\n' > "$1/usr/sbin/policy-rc.d"
	chmod 755 "$1/usr/sbin/policy-rc.d"
}

chroot_in() {
	chroot_folder=$1
	shift
	chroot_net=
	[ "${CHROOT_NET:-}" != none ] || chroot_net=--net
	# shellcheck disable=SC2016,SC2086 # for the shell inside; a word or none
	unshare --mount --pid --fork --kill-child --uts --ipc $chroot_net \
		sh -euc '
		root=$1
		name=$2
		net=$3
		shift 3
		# a mount point, as the root of a machine is
		mount --bind "$root" "$root"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t sysfs -o ro sysfs "$root/sys"
		mount -t tmpfs tmpfs "$root/run"
		hostname "$name"
		[ "$net" != none ] || ip link set lo up
		exec chroot "$root" /usr/bin/env -i \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
			LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
	' sh "$chroot_folder" "$CHROOT_HOST" "${CHROOT_NET:-host}" "$@" < /dev/null
}

chroot_drop() {
	if grep -q " $1/" /proc/mounts; then
		echo "something is mounted below $1" >&2
		return 1
	fi
	rm -rf --one-file-system "${1:?}" "$1.part" "$1.log"
}
