# shellcheck shell=sh
# sendmail.sh - a Sendmail of one's own in $T/NAME, beside the Postfix that is
# installed: the two packages exclude each other, so Debian's are only unpacked,
# once, into $SLUICE_SENDMAIL or else ${TMPDIR:-/tmp}/sluice-sendmail.
#
#   sendmail_start NAME MILTER [MC-LINE]...
#
# starts it with what stands in contrib/sendmail and these lines of sendmail.mc,
# and sets SMTP_MX and SMTP_SUBMISSION to its ports. What it accepts stays in
# its queue. MILTER: inet:PORT@HOST, for Sendmail wants no unix socket below a
# folder that everybody may write to. Needs root, as Sendmail does, and Debian's
# package lists the first time.

sendmail_all=
sendmail_root=${SLUICE_SENDMAIL:-${TMPDIR:-/tmp}/sluice-sendmail}

# Its packages, and the libraries of theirs that this machine does not have.
sendmail_packages() {
	echo sendmail-bin sendmail-base sendmail-cf
	apt-cache depends --no-recommends --no-suggests sendmail-bin |
		sed -n 's/^ *|\{0,1\}Depends: \(lib[^ ]*\)$/\1/p' |
		while read -r sendmail_lib; do
			dpkg-query -W -f '${db:Status-Abbrev}' "$sendmail_lib" \
				2>/dev/null | grep -q '^.i' || echo "$sendmail_lib"
		done
}

# The loader does not look where a set-id program says, so it must not be one.
sendmail_unpack() {
	rm -rf "$sendmail_root.part"
	mkdir -p "$sendmail_root.part/deb"
	(
		cd "$sendmail_root.part/deb" || exit 1
		# shellcheck disable=SC2046 # one word each
		apt-get -q download $(sendmail_packages) &&
			for sendmail_deb in ./*.deb; do
				dpkg -x "$sendmail_deb" .. || exit 1
			done
	) < /dev/null > "$T/sendmail.fetch" 2>&1 || return 1
	chmod g-s "$sendmail_root.part/usr/libexec/sendmail/sendmail"
	rm -rf "$sendmail_root.part/deb" "$sendmail_root"
	mv "$sendmail_root.part" "$sendmail_root"
}

# Several scripts may want it at once.
sendmail_fetch() {
	exec 8> "$sendmail_root.lock"
	flock -w 100 8 || bail "another script keeps $sendmail_root.lock"
	[ -x "$sendmail_root/usr/libexec/sendmail/sendmail" ] ||
		sendmail_unpack || {
		# the lists may be missing, or older than the mirror
		apt-get -q update < /dev/null > "$T/sendmail.update" 2>&1
		sendmail_unpack ||
			bail "Sendmail could not be fetched: $(tail -n 3 "$T/sendmail.fetch")"
	}
	exec 8>&-
}

# contrib's names and doors, with ports of ours and an address for the filter
sendmail_snippet() { # MILTER
	sed "s/Port=smtp/Addr=127.0.0.1, Port=$SMTP_MX/
		s/Port=submission, M=Ea/Addr=127.0.0.1, Port=$SMTP_SUBMISSION/
		s|S=unix:[^,]*|S=$1|" "$TOP/contrib/sendmail/sluice.mc"
}

sendmail_mc() { # FOLDER MILTER MC-LINE...
	cat <<-END
		divert(-1)
		divert(0)dnl
		include(\`$sendmail_root/usr/share/sendmail/cf/m4/cf.m4')dnl
		VERSIONID(\`private')dnl
		OSTYPE(\`linux')dnl
		define(\`confDOMAIN_NAME', \`mta.example.test')dnl
		define(\`confDEF_USER_ID', \`nobody:nogroup')dnl
		define(\`confPID_FILE', \`$1/run/pid')dnl
		define(\`QUEUE_DIR', \`$1/queue')dnl
		define(\`STATUS_FILE', \`$1/run/statistics')dnl
		define(\`HELP_FILE', \`$1/run/help')dnl
		define(\`ALIAS_FILE', \`implicit:/mnt/aliases')dnl
		define(\`confCW_FILE', \`/dev/null')dnl
		define(\`confDONT_PROBE_INTERFACES', \`true')dnl
		define(\`confSERVICE_SWITCH_FILE', \`$1/run/switch')dnl
		define(\`confTO_IDENT', \`0')dnl
		define(\`confDELIVERY_MODE', \`background')dnl
		define(\`confPRIVACY_FLAGS', \`')dnl
		define(\`LOCAL_MAILER_PATH', \`/bin/true')dnl
		define(\`confREFUSE_LA', \`0')dnl
		define(\`confQUEUE_LA', \`0')dnl
		define(\`confMIN_FREE_BLOCKS', \`0')dnl
		define(\`confBAD_RCPT_THROTTLE', \`0')dnl
		define(\`confLOG_LEVEL', \`14')dnl
		define(\`confMILTER_LOG_LEVEL', \`9')dnl
		FEATURE(\`nocanonify')dnl
		FEATURE(\`accept_unresolvable_domains')dnl
		FEATURE(\`accept_unqualified_senders')dnl
	END
	sendmail_snippet "$2"
	shift 2
	[ $# = 0 ] || printf '%s\n' "$@"
	cat <<-'END'
		MAILER(`local')dnl
		MAILER(`smtp')dnl
	END
}

# Without a host name of its own that has a dot it asks the DNS and sleeps for
# a minute, so it gets one, and name files of its own (name spaces: nothing
# outside changes).
sendmail_spawn() { # FOLDER
	printf '127.0.0.1 mta.example.test mta localhost\n127.0.0.2 client.example.test\n' \
		> "$1/run/hosts"
	printf 'hosts files\naliases files\n' > "$1/run/switch"
	: > "$1/run/resolv.conf"
	: > "$1/run/statistics"
	: > "$1/run/help"
	echo "postmaster: root" > "$1/run/aliases"
	# shellcheck disable=SC2016 # for the shell inside
	LD_LIBRARY_PATH=$(dirname "$(find "$sendmail_root/usr/lib" \
		-name 'lib*.so.*' | head -n 1)") \
		setsid unshare --uts --mount sh -c '
		hostname mta.example.test
		mount --bind "$1/run" /mnt
		mount --bind "$1/run/hosts" /etc/hosts
		mount --bind "$1/run/resolv.conf" "$(readlink -f /etc/resolv.conf)"
		exec "$2" -bD -C "$1/sendmail.cf" -L private -X "$1/traffic"
		' sh "$1" "$sendmail_root/usr/libexec/sendmail/sendmail" \
		< /dev/null > "$1/out" 2>&1 &
	echo $! > "$1/pid"
}

sendmail_start() {
	sendmail_dir=$T/$1
	sendmail_milter=$2
	shift 2
	[ "$(id -u)" = 0 ] || bail "Sendmail is started by root only"
	sendmail_fetch
	SMTP_MX=$(free_port)
	SMTP_SUBMISSION=$(free_port)
	mkdir -p "$sendmail_dir/queue" "$sendmail_dir/run"
	chmod 700 "$sendmail_dir/queue"
	sendmail_mc "$sendmail_dir" "$sendmail_milter" "$@" \
		> "$sendmail_dir/sendmail.mc"
	m4 "-D_CF_DIR_=$sendmail_root/usr/share/sendmail/cf/" \
		"$sendmail_dir/sendmail.mc" > "$sendmail_dir/sendmail.cf" \
		2> "$sendmail_dir/m4.err" ||
		bail "m4: $(tail -n 5 "$sendmail_dir/m4.err")"
	sendmail_spawn "$sendmail_dir"
	sendmail_all="$sendmail_all $sendmail_dir"
	wait_for 20 is_listening "$SMTP_SUBMISSION" ||
		bail "no Sendmail: $(tail -n 5 "$sendmail_dir/out")"
}

# Its process group is ours: setsid.
sendmail_stop_all() {
	for sendmail_dir in $sendmail_all; do
		kill -s KILL -- "-$(cat "$sendmail_dir/pid")" 2>/dev/null
	done
	sendmail_all=
}
at_exit sendmail_stop_all
