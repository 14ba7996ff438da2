#!/bin/sh
# packages.sh - installs the Debian packages that are missing, or says which.
#
#   packages.sh [SET...]    sets: build test demo lint fuzz bench debian13 deb
#                           (packages.txt)
#
# With no argument: build, test and demo. When nothing is missing it only looks,
# which takes a few hundredths of a second. Only root installs; anybody else is
# told the command. No service is started: the tests bring their own Redis and
# Postfix, and the system's are not wanted for them.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=$(cd "$(dirname "$0")" && pwd)
guard=/usr/sbin/policy-rc.d
guard_is_ours=no

usage() {
	sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

# The packages of the sets, each once; fails if there is no such set.
wanted() {
	awk -F '\t+' -v sets="$*" '
		{ known[$1] = 1 }
		index(" " sets " ", " " $1 " ") && !seen[$2]++ { print $2 }
		END {
			n = split(sets, set, " ")
			for (i = 1; i <= n; i++)
				if (!(set[i] in known)) {
					print "packages.sh: no set " set[i] > "/dev/stderr"
					exit 1
				}
		}' "$here/packages.txt"
}

# Those of its arguments that are not installed, on one line; of "a|b" a, if
# neither is.
missing() {
	# shellcheck disable=SC2046 # one word each
	dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' \
		$(echo "$*" | tr '|' ' ') 2>/dev/null |
		awk -v all="$*" '
			$1 ~ /^.i/ { have[$2] = 1 }
			END {
				n = split(all, name, " ")
				for (i = 1; i <= n; i++) {
					n_choices = split(name[i], choice, "|")
					found = 0
					for (k = 1; k <= n_choices; k++)
						found += choice[k] in have
					if (!found)
						line = line " " choice[1]
				}
				print substr(line, 2)
			}'
}

# Debian asks this script whether a service may start; 101 is no.
guard_put() {
	[ ! -e $guard ] || return 0
	printf '#!/bin/sh\nexit 101\n' > $guard
	chmod 755 $guard
	guard_is_ours=yes
}

guard_remove() {
	[ $guard_is_ours = no ] || rm -f $guard
	guard_is_ours=no
}

# A Postfix that was installed for tests only is left without configuration,
# so that it never becomes the mail system of this machine by accident.
postfix_preseed() {
	case " $* " in *" postfix "*) ;; *) return 0 ;; esac
	command -v debconf-set-selections >/dev/null || return 0
	echo 'postfix postfix/main_mailer_type select No configuration' |
		debconf-set-selections
}

apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >> "$log" 2>&1
}

lists_are_there() {
	for list in /var/lib/apt/lists/*Packages*; do
		[ -s "$list" ] && return 0
	done
	return 1
}

install() {
	echo "packages.sh: installing $*"
	lists_are_there || apt update || return 1
	apt install --no-install-recommends "$@" && return 0
	# Old lists name versions that the mirror no longer has.
	apt update && apt install --no-install-recommends "$@"
}

case ${1:-} in -*) usage ;; esac
[ $# -gt 0 ] || set -- build test demo
all=$(wanted "$@") || usage
if ! command -v dpkg-query >/dev/null; then
	echo "packages.sh: this is no Debian; install the equals of:" \
		"$(echo "$all" | tr '\n' ' ')" >&2
	exit 1
fi
# shellcheck disable=SC2086 # names of packages, one word each
lacking=$(missing $all)
[ -n "$lacking" ] || exit 0
command="apt-get install --no-install-recommends $lacking"
if [ "$(id -u)" != 0 ]; then
	echo "packages.sh: these packages are missing: $lacking" >&2
	echo "packages.sh: as root, run: $command" >&2
	exit 1
fi
log=$(mktemp)
trap 'guard_remove; rm -f "$log"' EXIT
trap 'exit 130' INT TERM
guard_put
# shellcheck disable=SC2086
postfix_preseed $lacking
# shellcheck disable=SC2086
if ! install $lacking; then
	tail -n 20 "$log" >&2
	echo "packages.sh: this did not work: $command" >&2
	exit 1
fi
