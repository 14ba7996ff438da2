# shellcheck shell=sh
# sendmail.sh - a Sendmail of one's own in $T/NAME, beside the Postfix that is
# installed (tests/setup/sendmail.sh brings it).
#
#   sendmail_start NAME MILTER [MC-LINE]...
#
# starts it with what stands in contrib/sendmail and these lines of sendmail.mc,
# and sets MX and SUBMISSION to its ports (also on ::1). MILTER is in words of
# Postfix; it waits $MTA_PATIENCE (10s) for it. What it accepts stays in its queue, or MTA_SINK=maildir delivers each
# recipient to NAME/mail/all/new. Any password logs anybody in. Relaying is
# allowed from everywhere but 203.0.113.0/24. Needs root, as Sendmail does.

MTA_SINK=${MTA_SINK:-discard}
MTA_DOORS=${MTA_DOORS:-both}
sendmail_pids=
sendmail_libs=

# In words of Sendmail. It takes no unix socket below a folder that everybody
# may write to, as $T is; so its own name space has that folder at /mnt/milter.
sendmail_filter() { # MILTER
	case $1 in
	unix:*) echo "unix:/mnt/milter/${1##*/}" ;;
	inet:*) sendmail_host=${1#inet:}
		echo "inet:${sendmail_host#*:}@${sendmail_host%%:*}" ;;
	*) echo "$1" ;;
	esac
}

# contrib's names and doors, with ports of ours and an address for the filter
sendmail_snippet() { # MILTER
	sed "s/Port=smtp/Addr=127.0.0.1, Listen=500, Port=$MX/
		s/Port=submission, M=Ea/Addr=127.0.0.1, Listen=500, Port=$SUBMISSION, M=Ea/
		s|S=unix:[^,]*|S=$(sendmail_filter "$1")|
		s|R:10s|R:${MTA_PATIENCE:-10s}|" \
		"$TOP/contrib/sendmail/$MTA_DOORS.mc"
	[ "$MTA_DOORS" = submission ] ||
		echo "DAEMON_OPTIONS(\`Family=inet6, Name=mx, Addr=::1, Port=$MX')dnl"
	[ "$MTA_DOORS" = mx ] ||
		echo "DAEMON_OPTIONS(\`Family=inet6, Name=submission, Addr=::1, Port=$SUBMISSION, M=Ea')dnl"
}

# A mailer that writes a file for each recipient, as virtual(8) does
sendmail_maildir() { # FOLDER
	mkdir -p "$1/mail/all/new" "$1/mail/tmp"
	chown -R nobody "$1/mail"
	cat > "$1/run/deliver" <<-END
		#!/bin/sh
		from=\$(echo "\$1" | sed 's/^<*//; s/>*\$//')
		{
			printf 'Return-Path: <%s>\nDelivered-To: %s\n' "\$from" "\$2"
			cat
		} > $1/mail/tmp/\$\$ && mv $1/mail/tmp/\$\$ $1/mail/all/new/
	END
	cat <<-END
		LOCAL_RULE_0
		R\$+ < @ \$+ . > \$*	\$#box \$@ box \$: \$1 @ \$2
		R\$+ < @ \$+ > \$*	\$#box \$@ box \$: \$1 @ \$2
		MAILER_DEFINITIONS
		Mbox, P=/bin/sh, F=nuh, U=nobody, D=/, A=sh /mnt/deliver \$f \$u
	END
}

sendmail_mc() { # FOLDER MILTER MC-LINE...
	case $MTA_SINK in
	maildir) sendmail_mode=background ;;
	*) sendmail_mode=queueonly ;;
	esac
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
		define(\`confDELIVERY_MODE', \`$sendmail_mode')dnl
		define(\`confPRIVACY_FLAGS', \`')dnl
		define(\`LOCAL_MAILER_PATH', \`/bin/true')dnl
		define(\`confREFUSE_LA', \`0')dnl
		define(\`confQUEUE_LA', \`100000')dnl
		define(\`confMIN_FREE_BLOCKS', \`0')dnl
		define(\`confBAD_RCPT_THROTTLE', \`0')dnl
		define(\`confLOG_LEVEL', \`14')dnl
		define(\`confMILTER_LOG_LEVEL', \`9')dnl
		define(\`confAUTH_MECHANISMS', \`PLAIN')dnl
		TRUST_AUTH_MECH(\`PLAIN')dnl
		FEATURE(\`nocanonify')dnl
		FEATURE(\`accept_unresolvable_domains')dnl
		FEATURE(\`accept_unqualified_senders')dnl
		FEATURE(\`relay_entire_domain')dnl
		RELAY_DOMAIN(\`127 192.0.2 198.51.100 IPv6:2001:db8 IPv6:2001:0db8')dnl
	END
	sendmail_snippet "$2"
	cat <<-'END'
		MAILER(`local')dnl
		MAILER(`smtp')dnl
	END
	[ "$MTA_SINK" != maildir ] || sendmail_maildir "$1"
	shift 2
	[ $# = 0 ] || printf '%s\n' "$@"
}

# What is_saslauthd answers is /mnt/saslauthd/mux in its name space.
sendmail_sasl() { # FOLDER
	sendmail_plain=$(find /usr/lib -name libplain.so.2 2>/dev/null | head -n 1)
	[ -n "$sendmail_plain" ] || bail "no AUTH PLAIN: install libsasl2-modules"
	mkdir -p "$1/run/sasl" "$1/run/saslauthd"
	cp "${sendmail_plain%.2}" "$sendmail_plain" "$1/run/sasl" 2>/dev/null
	cat > "$1/run/sasl/Sendmail.conf" <<-'END'
		pwcheck_method: saslauthd
		saslauthd_path: /mnt/saslauthd/mux
		mech_list: PLAIN
	END
	setsid python3 "$TOP/tests/lib/saslauthd.py" "$1/run/saslauthd/mux" \
		< /dev/null > "$1/saslauthd.out" 2>&1 &
	sendmail_pids="$sendmail_pids -$!"
}

# Without a host name of its own that has a dot it asks the DNS and sleeps for
# a minute, so it gets one, and name files of its own (name spaces: nothing
# outside changes). $T/hosts: what mta_host said of clients.
sendmail_spawn() { # FOLDER MILTER
	mkdir -p "$1/run/milter"
	{
		echo '127.0.0.1 mta.example.test mta localhost'
		cat "$T/hosts" 2>/dev/null
	} > "$1/run/hosts"
	printf 'hosts files\naliases files\n' > "$1/run/switch"
	: > "$1/run/resolv.conf"
	: > "$1/run/statistics"
	: > "$1/run/help"
	echo "postmaster: root" > "$1/run/aliases"
	sendmail_sasl "$1"
	sendmail_socket=${2#unix:}
	sendmail_libs=$(dirname "$(find "$sendmail_root/usr/lib" \
		-name 'lib*.so.*' | head -n 1)")
	# shellcheck disable=SC2016 # for the shell inside
	LD_LIBRARY_PATH=$sendmail_libs \
		setsid unshare --uts --mount sh -c '
		hostname mta.example.test
		mount --bind "$1/run/sasl" "$4"
		mount --bind "$1/run" /mnt
		[ ! -d "$3" ] || mount --bind "$3" /mnt/milter
		mount --bind "$1/run/hosts" /etc/hosts
		mount --bind "$1/run/resolv.conf" "$(readlink -f /etc/resolv.conf)"
		exec "$2" -bD -C "$1/sendmail.cf" -L private ${5:+-X "$1/traffic"}
		' sh "$1" "$sendmail_root/usr/libexec/sendmail/sendmail" \
		"${sendmail_socket%/*}" "${sendmail_plain%/*}" "${SENDMAIL_TRAFFIC:-}" \
		< /dev/null > "$1/out" 2>&1 &
	echo $! > "$1/pid"
	sendmail_pids="$sendmail_pids -$!"
}

sendmail_is_up() { # FOLDER PORT
	is_gone "$(cat "$1/pid")" || is_listening "$2"
}

sendmail_start() {
	sendmail_dir=$T/$1
	sendmail_milter=$2
	shift 2
	[ "$(id -u)" = 0 ] || bail "Sendmail is started by root only"
	sendmail_root=$("$TOP/tests/setup/sendmail.sh" 2>&1) ||
		bail "$sendmail_root"
	MX=$(free_port)
	SUBMISSION=$(free_port)
	mkdir -p "$sendmail_dir/queue" "$sendmail_dir/run"
	chmod 700 "$sendmail_dir/queue"
	sendmail_mc "$sendmail_dir" "$sendmail_milter" "$@" \
		> "$sendmail_dir/sendmail.mc"
	m4 "-D_CF_DIR_=$sendmail_root/usr/share/sendmail/cf/" \
		"$sendmail_dir/sendmail.mc" > "$sendmail_dir/sendmail.cf" \
		2> "$sendmail_dir/m4.err" ||
		bail "m4: $(tail -n 5 "$sendmail_dir/m4.err")"
	sendmail_spawn "$sendmail_dir" "$sendmail_milter"
	sendmail_port=$SUBMISSION
	[ "$MTA_DOORS" != mx ] || sendmail_port=$MX
	wait_for 20 sendmail_is_up "$sendmail_dir" "$sendmail_port" &&
		is_running "$(cat "$sendmail_dir/pid")" ||
		bail "no Sendmail: $(tail -n 5 "$sendmail_dir/out")"
	wait_for 5 test -S "$sendmail_dir/run/saslauthd/mux" ||
		bail "no saslauthd: $(cat "$sendmail_dir/saslauthd.out")"
}

# sendmail_run NAME CF ARGUMENT...: the program, in the name spaces of NAME
sendmail_run() {
	sendmail_dir=$T/$1
	sendmail_cf=$sendmail_dir/$2
	shift 2
	LD_LIBRARY_PATH=$sendmail_libs nsenter --mount --uts \
		--target "$(cat "$sendmail_dir/pid")" \
		"$sendmail_root/usr/libexec/sendmail/sendmail" \
		-C "$sendmail_cf" -L private "$@"
}

# A mail on standard input as a program of this host sends it: the part of
# Sendmail that such a program starts hands it on by SMTP. What that cannot
# deliver stays in NAME/client.
sendmail_submit() { # NAME FROM TO
	if [ ! -s "$T/$1/submit.cf" ]; then
		mkdir -p "$T/$1/client"
		chmod 770 "$T/$1/client"
		chown nobody:nogroup "$T/$1/client"
		m4 "-D_CF_DIR_=$sendmail_root/usr/share/sendmail/cf/" - \
			> "$T/$1/submit.cf" <<-END
			divert(0)dnl
			include(\`$sendmail_root/usr/share/sendmail/cf/m4/cf.m4')dnl
			VERSIONID(\`private')dnl
			define(\`__OSTYPE__', \`')dnl
			define(\`confDOMAIN_NAME', \`mta.example.test')dnl
			define(\`confRUN_AS_USER', \`nobody:nogroup')dnl
			define(\`MSP_QUEUE_DIR', \`$T/$1/client')dnl
			define(\`confSERVICE_SWITCH_FILE', \`$T/$1/run/switch')dnl
			define(\`RELAY_MAILER_ARGS', \`TCP \$h $MX')dnl
			FEATURE(\`msp', \`[127.0.0.1]')dnl
		END
	fi
	sendmail_run "$1" submit.cf -f "$2" "$3"
}

# Until nothing is on its way: qf is a message, xf its delivery, tf an edit
sendmail_is_idle() {
	[ -z "$(find "$T/$1/queue" -name '[qxt]f*' | head -n 1)" ]
}

# Messages that it accepted and did not throw away (MTA_SINK=discard)
sendmail_n_accepted() {
	find "$T/$1/queue" -name 'qf*' | wc -l
}

# Their process groups are ours: setsid.
sendmail_stop_all() {
	# shellcheck disable=SC2086 # one word each
	[ -z "$sendmail_pids" ] || kill -s KILL -- $sendmail_pids 2>/dev/null
	sendmail_pids=
}
at_exit sendmail_stop_all
