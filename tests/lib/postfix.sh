# shellcheck shell=sh
# postfix.sh - a Postfix of one's own in $T/NAME: configuration, queue, log.
#
#   postfix_start NAME MILTER ['name = value']...
#
# starts it and sets MX and SUBMISSION to the ports of its two services. What
# stands in contrib/postfix is its configuration: only listeners and the
# milter's address are put in, so that those files are tested by every script.
# MTA_DOORS=mx or submission has only that service (both). POSTFIX_CHROOT=y:
# what talks to milters is in a chroot, the queue's folder, and the milter's
# socket is where contrib/postfix/main.cf.chroot says.
# It waits $MTA_PATIENCE (10s) for an answer of the milter.
# Accepted mail is thrown away by discard(8), or MTA_SINK=maildir delivers each
# recipient to NAME/mail/all/new. Needs root, as Postfix does.

MTA_SINK=${MTA_SINK:-discard}
MTA_DOORS=${MTA_DOORS:-both}
postfix_all=
postfix_libexec=$(postconf -dh daemon_directory 2>/dev/null)

# Comments in main.cf must not follow a value; the snippet has none.
postfix_main_cf() { # FOLDER MILTER
	cat <<-END
		compatibility_level = 3.6
		queue_directory = $1/queue
		data_directory = $1/data
		maillog_file = $1/maillog
		maillog_file_prefixes = $1
		syslog_name = private
		myhostname = mta.example.test
		mydomain = example.test
		mydestination =
		inet_interfaces = 127.0.0.1
		inet_protocols = all
		mynetworks = 0.0.0.0/0, [::]/0
		alias_maps =
		alias_database =
		local_recipient_maps =
		biff = no
		smtpd_peername_lookup = no
		smtp_dns_support_level = disabled
		smtpd_relay_restrictions = permit_mynetworks, reject
		smtpd_authorized_xclient_hosts = 127.0.0.0/8
		smtpd_client_connection_rate_limit = 0
		smtpd_client_connection_count_limit = 0
		smtpd_error_sleep_time = 0
		smtpd_soft_error_limit = 100000
		smtpd_hard_error_limit = 100000
		smtpd_junk_command_limit = 100000
		smtpd_timeout = 60s
		in_flow_delay = 0
		queue_minfree = 0
	END
	sed "s|^smtpd_milters = .*|smtpd_milters = $2|
		s|^\(milter_command_timeout\) = .*|\1 = ${MTA_PATIENCE:-10s}|" \
		"$TOP/contrib/postfix/main.cf.sluice"
	[ -z "${POSTFIX_CHROOT:-}" ] || cat "$TOP/contrib/postfix/main.cf.chroot"
	case $MTA_SINK in
	maildir) cat <<-END
		virtual_mailbox_domains = regexp:{{/./ any}}
		virtual_mailbox_maps = regexp:{{/@/ all/}}
		virtual_mailbox_base = $1/mail
		virtual_uid_maps = static:$(id -u postfix)
		virtual_gid_maps = static:$(id -g postfix)
		virtual_minimum_uid = 1
	END
		;;
	*) echo 'default_transport = discard:private' ;;
	esac
}

postfix_master_cf() { # MX SUBMISSION
	sed "s/^smtp  */127.0.0.1:$1 /; s/^submission  */127.0.0.1:$2 /
		s/^submissions  */127.0.0.1:$(free_port) /
		s/ inet n - - / inet n - ${POSTFIX_CHROOT:-n} /" \
		"$TOP/contrib/postfix/master.cf.$MTA_DOORS"
	cat <<-END
		pickup   unix n - n 60 1 pickup
		cleanup  unix n - ${POSTFIX_CHROOT:-n} - 0 cleanup
		qmgr     unix n - n 300 1 qmgr
		rewrite  unix - - n - - trivial-rewrite
		bounce   unix - - n - 0 bounce
		defer    unix - - n - 0 bounce
		trace    unix - - n - 0 bounce
		verify   unix - - n - 1 verify
		flush    unix n - n 1000? 0 flush
		proxymap unix - - n - - proxymap
		anvil    unix - - n - 1 anvil
		tlsmgr   unix - - n 1000? 1 tlsmgr
		smtp     unix - - n - - smtp
		virtual  unix - n n - - virtual
		discard  unix - - n - - discard
		error    unix - - n - - error
		retry    unix - - n - - error
		showq    unix n - n - - showq
		postlog  unix-dgram n - n - 1 postlogd
	END
}

# The folders that `postfix check` would make, made directly: 0.3 s saved.
postfix_folders() { # FOLDER
	mkdir -p "$1/etc" "$1/data" "$1/mail" "$1/queue"
	for postfix_sub in active bounce corrupt defer deferred flush hold \
		incoming private saved trace pid public maildrop; do
		mkdir -p "$1/queue/$postfix_sub"
		chmod 700 "$1/queue/$postfix_sub"
		chown postfix "$1/queue/$postfix_sub"
	done
	chmod 755 "$1" "$1/etc" "$1/queue" "$1/queue/pid"
	chown root:root "$1/queue/pid"
	chown postfix "$1/data" "$1/mail"
	chmod 710 "$1/queue/public"
	chmod 730 "$1/queue/maildrop"
	chown postfix:postdrop "$1/queue/public" "$1/queue/maildrop"
}

postfix_is_up() { # FOLDER PORT
	[ -s "$1/queue/pid/master.pid" ] && is_listening "$2"
}

postfix_start() {
	postfix_dir=$T/$1
	postfix_milter=$2
	shift 2
	[ "$(id -u)" = 0 ] || bail "Postfix is started by root only"
	# postfix_port_mx and _submission: from outside, else any that are free
	MX=${postfix_port_mx:-$(free_port)}
	SUBMISSION=${postfix_port_submission:-$(free_port)}
	postfix_folders "$postfix_dir"
	{
		postfix_main_cf "$postfix_dir" "$postfix_milter"
		[ $# = 0 ] || printf '%s\n' "$@"
	} > "$postfix_dir/etc/main.cf"
	postfix_master_cf "$MX" "$SUBMISSION" > "$postfix_dir/etc/master.cf"
	# Postfix dozes until main.cf is two seconds old (it fears an edit under
	# way), every process of it: backdating saves 1.5 s a start.
	touch -d '1 minute ago' "$postfix_dir/etc/main.cf" \
		"$postfix_dir/etc/master.cf"
	unset MAIL_CONFIG MAIL_DEBUG MAIL_VERBOSE
	# setsid: its process group is ours to end at once
	setsid "$postfix_libexec/master" -c "$postfix_dir/etc" \
		< /dev/null > /dev/null 2> "$postfix_dir/start.err" &
	echo $! > "$postfix_dir/pid"
	postfix_all="$postfix_all $postfix_dir"
	postfix_port=$SUBMISSION
	[ "$MTA_DOORS" != mx ] || postfix_port=$MX
	wait_for 10 postfix_is_up "$postfix_dir" "$postfix_port" || bail \
		"no Postfix: $(tail -n 5 "$postfix_dir/start.err" "$postfix_dir/maillog" 2>&1)"
}

# Until nothing is on its way any more: all is delivered, or deferred
postfix_is_idle() {
	[ -z "$(find "$T/$1/queue/incoming" "$T/$1/queue/active" \
		"$T/$1/queue/maildrop" -type f 2>/dev/null | head -n 1)" ]
}

# A mail on standard input as a program of this host sends it
postfix_submit() { # NAME FROM TO
	timeout 20 /usr/sbin/sendmail -C "$T/$1/etc" -f "$2" "$3"
}

postfix_n_delivered() {
	grep -c 'status=sent' "$T/$1/maillog"
}

# Its queue is worth nothing, so no process of the group is waited for;
# SIGTERM to master would take a second and a half.
postfix_stop_all() {
	for postfix_dir in $postfix_all; do
		[ ! -s "$postfix_dir/pid" ] ||
			kill -s KILL -- "-$(cat "$postfix_dir/pid")" 2>/dev/null
	done
	postfix_all=
}
at_exit postfix_stop_all
