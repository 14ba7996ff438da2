#!/bin/sh
# config.sh - puts configuration files in place, or takes them away, and never
# what an administrator has edited.
#
#   config.sh put FOLDER FILE...    contrib/sluice.conf becomes
#                                   FOLDER/sluice.conf, rules/mx.rules
#                                   FOLDER/rules/mx.rules
#   config.sh take FOLDER FILE...
#
# put, where no sluice.conf is yet: every file is installed. Later: what is as
# we ship it, or was edited, or was taken away on purpose, stays; of the last
# two ours goes beside it as NAME.new. take: files that are as we ship them,
# and ours beside others, go; then folders that are empty.
set -eu
umask 022

put() {
	mkdir -p "$(dirname "$2")"
	rm -f "$2.new"
	if [ $is_first = yes ] && [ ! -e "$2" ] && [ ! -L "$2" ]; then
		install -m 644 "$1" "$2"
	elif ! cmp -s "$1" "$2"; then
		install -m 644 "$1" "$2.new"
		what=edited
		[ -e "$2" ] || what=removed
		echo "$2 was $what and stays so; ours is $2.new"
	fi
}

take() {
	rm -f "$2.new"
	if cmp -s "$1" "$2"; then
		rm -f "$2"
	elif [ -e "$2" ]; then
		echo "$2 was edited and stays"
	fi
}

verb=$1
folder=$2
shift 2
is_first=yes
[ ! -e "$folder/sluice.conf" ] || is_first=no
for file in "$@"; do
	"$verb" "$file" "$folder/${file#contrib/}"
done
[ "$verb" = put ] || [ ! -d "$folder" ] ||
	find "$folder" -depth -type d -empty -delete
