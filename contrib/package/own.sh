#!/bin/sh
# own.sh FOLDER - of a real installation: only root writes the configuration,
# and only root and the daemon's group read it, for rules and tables name
# people. Who owns a folder that somebody has changed is left alone.
set -eu
if [ "$(stat -c '%U:%G %a' "$1")" != 'root:root 755' ]; then
	exit 0
elif getent group sluice > /dev/null; then
	chgrp sluice "$1"
	chmod 750 "$1"
else
	echo "$1 can be read by all until there is a group sluice" \
		"(systemd-sysusers makes it): chgrp sluice $1 && chmod 750 $1"
fi
