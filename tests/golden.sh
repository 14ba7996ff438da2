#!/bin/sh
# golden.sh [--update] SLUICE good|bad|bypass - rule files and what is to come of them.
#
#   tests/rules/good/NAME.rules  `sluice print` gives NAME.want, and NAME.err
#                                on stderr (no such file: nothing); printing
#                                it gives the same again
#   tests/rules/bad/NAME.rules   `sluice check` ends with 1, NAME.want on stderr
#   tests/rules/bypass/NAME.rules  `sluice check --bypass` gives NAME.want
#
# Prints TAP. Paths in diagnostics are relative: it runs in the files' folder.
set -u
LC_ALL=C
export LC_ALL
update=no
[ "${1:-}" != --update ] || { update=yes; shift; }
[ $# = 2 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
case $1 in /*) sluice=$1 ;; *) sluice=$(pwd)/$1 ;; esac
kind=$2
cd "$(dirname "$0")/rules/$kind" || exit 2
T=$(mktemp -d) || exit 2
trap 'rm -rf "$T"' EXIT
n=0
failed=0

result() { # STATUS NAME FILE-WITH-DETAILS
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $n - $2"
	head -n 40 "$3" | sed 's/^/#   /'
}

# The printed text stands where its file stood, for the sake of its tables.
print_again() {
	cp "$1" ".again-$$.rules" || return 1
	timeout 20 "$sluice" print ".again-$$.rules" > "$T/again" 2> "$T/err"
	again_status=$?
	rm -f ".again-$$.rules"
	return $again_status
}

# What is said of libraries that this build does not have is true elsewhere.
without_lacks() {
	awk '/: warning: .* this build has no lib/ { lines = 2; lacks = 1; next }
		lines-- > 0 { next }
		lacks && /^[0-9]+ warnings?$/ { next }
		{ print }'
}

try_good() {
	timeout 20 "$sluice" print "$1.rules" > "$T/got" 2> "$T/all"
	status=$?
	without_lacks < "$T/all" > "$T/err"
	[ $update = no ] || [ $status != 0 ] || {
		cp "$T/got" "$1.want"
		cp "$T/err" "$1.err"
		[ -s "$1.err" ] || rm "$1.err"
	}
	[ -e "$1.err" ] && err=$1.err || err=/dev/null
	{
		[ $status = 0 ] || { echo "print ended with $status"; cat "$T/err"; }
		diff -u "$1.want" "$T/got"
		diff -u "$err" "$T/err"
	} > "$T/why" 2>&1
	[ $status = 0 ] && cmp -s "$1.want" "$T/got" && cmp -s "$err" "$T/err"
	result $? "$1 prints as wanted" "$T/why"
	print_again "$T/got"
	diff -u "$T/got" "$T/again" > "$T/why" 2>&1
	result $? "$1 printed again is the same" "$T/why"
}

try_bad() {
	timeout 20 "$sluice" check "$1.rules" > "$T/out" 2> "$T/got"
	status=$?
	[ $update = no ] || [ $status != 1 ] || cp "$T/got" "$1.want"
	{
		[ $status = 1 ] || echo "check ended with $status, not 1"
		diff -u "$1.want" "$T/got"
	} > "$T/why" 2>&1
	[ $status = 1 ] && cmp -s "$1.want" "$T/got"
	result $? "$1 is refused as wanted" "$T/why"
}

try_bypass() {
	timeout 20 "$sluice" check --bypass "$1.rules" > "$T/got" 2> "$T/err"
	status=$?
	[ $update = no ] || [ $status != 0 ] || cp "$T/got" "$1.want"
	{
		[ $status = 0 ] || { echo "check ended with $status"; cat "$T/err"; }
		diff -u "$1.want" "$T/got"
	} > "$T/why" 2>&1
	[ $status = 0 ] && cmp -s "$1.want" "$T/got"
	result $? "$1 tells what is gone around" "$T/why"
}

for file in *.rules; do
	[ -e "$file" ] || continue
	"try_$kind" "${file%.rules}"
done
# A .want that nothing makes any more tells lies.
for file in *.want; do
	[ ! -e "$file" ] || [ -e "${file%.want}.rules" ] ||
		result 1 "$file has no rule file" /dev/null
done
echo "1..$n"
[ $failed = 0 ]
