#!/bin/sh
# lint.sh - what is checked without running anything; `make lint`.
#
# Format, sizes of functions and files, layers, what threads share, manuals
# against the tables of the program, cppcheck, shell scripts, paths that only
# the author has. All checks run; then 1 if any found something. A tool that is
# missing is named, and is a finding.
set -u
cd "$(dirname "$0")/.." || exit 1
LC_ALL=C
export LC_ALL
FILE_LINES_MAX=600
build=${SLUICE_BUILD:-build}
T=$(mktemp -d) || exit 1
trap 'rm -rf "$T"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$build/gen"

c_files() {
	find milter tests -name '*.[ch]' | sort
}

check_format() {
	# of each place only the line that names it
	c_files | xargs -r clang-format --dry-run -Werror -- > "$T/format" 2>&1 ||
		{ grep 'error:' "$T/format"; return 1; }
}

# Includes go to the same layer or down; a library's headers (those that begin
# with its word in milter/LAYERS) only into its own layer.
check_layers() {
	find milter -name '*.[ch]' | sort | xargs -r awk '
	BEGIN {
		while ((getline line < "milter/LAYERS") > 0) {
			if (line ~ /^(#|$)/)
				continue
			n = split(line, word, " ")
			rank[word[1]] = ++ranks
			for (i = 2; i <= n; i++)
				home[word[i]] = word[1]
		}
	}
	function found(what) {
		printf "%s:%d: %s\n", FILENAME, FNR, what
		bad = 1
	}
	FNR == 1 {
		split(FILENAME, part, "/")
		layer = part[2]
		if (!(layer in rank))
			found("the folder " layer " is not in milter/LAYERS")
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, quoted, "\"")
		if (split(quoted[2], path, "/") > 1 && path[1] in rank &&
		    rank[path[1]] > rank[layer])
			found(layer " includes " quoted[2] ", which is above it")
	}
	/^[ \t]*#[ \t]*include[ \t]*</ {
		split($0, angle, "[<>]")
		match(angle[2], /^[a-z0-9]+/)
		library = substr(angle[2], 1, RLENGTH)
		if (library in home && home[library] != layer)
			found(library " belongs to " home[library] " only")
	}
	END { exit bad }'
}

# "FILE SYMBOL" of each static variable that is written to, "FILE" of each file
# that declares a lock or an atomic.
shared_things() {
	find "$build/obj/milter" -name '*.o' ! -path '*/tool/*' |
	while read -r object; do
		file=${object#"$build/obj/milter/"}
		[ -e "milter/${file%.o}.c" ] || continue # of long ago
		objdump -t "$object" | awk -v file="${file%.o}.c" '
			/ O / && $(NF - 2) ~ /^([.](bss|data)|[*]COM[*])/ &&
			    $(NF - 2) !~ /[.]ro/ {
				sub(/[.][0-9]+$/, "", $NF)
				print file, $NF
			}'
	done
	find milter -name '*.[ch]' ! -path '*/tool/*' -print0 | xargs -0 \
		grep -lE '^(static |	).*(_Atomic|atomic_|_(mutex|rwlock)_t)[^*;=]*[ )][*a-z_]+(\[.*\])?( = .*)?;' |
		sed 's,^milter/,,'
}

# All of them stand in milter/SHARED, and all that stands there is true.
check_shared() {
	make -s BUILD="$build" programs > /dev/null || return 1
	shared_things | sort -u | awk '
	FNR == NR {
		if ($0 !~ /^(#|\t|$)/) {
			listed[$1] = FNR
			for (i = 2; i <= NF; i++)
				listed[$1 " " $i] = FNR
		}
		next
	}
	!($0 in listed) {
		print "milter/SHARED: " $0 " is shared, and not in it"
		bad = 1
	}
	{ is_there[$0]; is_there[$1] }
	END {
		for (thing in listed)
			if (!(thing in is_there)) {
				print "milter/SHARED:" listed[thing] ": no " thing
				bad = 1
			}
		exit bad
	}' milter/SHARED -
}

check_lengths() {
	c_files | xargs -r wc -l | awk -v max="$FILE_LINES_MAX" '
		$2 != "total" && $1 > max {
			print $2 ": " $1 " lines, more than " max; bad = 1
		}
		END { exit bad }'
}

# See .clang-tidy: 70 lines, 6 parameters, 4 levels.
check_sizes() {
	flags="-std=c17 -D_GNU_SOURCE -DSLUICE_VERSION=\"x\" -Imilter -Itests/unit
		-I$build/gen -DSLUICE_HS -DSLUICE_ARCHIVE -DSLUICE_MAGIC
		$(pkg-config --cflags hiredis libpcre2-8 libidn2 libmd milter libhs \
		libseccomp libarchive libmagic 2>/dev/null)"
	make -s BUILD="$build" "$build/gen/charge_lua.h" 2>/dev/null
	# shellcheck disable=SC2086 # flags are words
	c_files | grep '\.c$' | xargs -r -P 2 -n 8 sh -c '
		flags=$1; shift
		clang-tidy --quiet "$@" -- $flags 2>"$0.$$" || { cat "$0.$$"; exit 1; }
	' "$T/tidy" "$flags"
}

# What another compiler finds, without code being made.
check_clang() {
	make -s BUILD="$build" "$build/gen/charge_lua.h" "$build/gen/merge_lua.h"
	eval "set -- $(make -s BUILD="$build" CC=clang CI=1 flags)"
	c_files | grep '\.c$' | xargs -r -P 2 -n 16 \
		clang -fsyntax-only -Itests/unit "$@"
}

# The sources with another C library, whose headers stand before those of the
# libraries that are built with glibc: so nothing can be linked, but what is not
# declared there is found.
check_musl() {
	headers=$build/musl
	mkdir -p "$headers"
	for header in archive.h archive_entry.h hiredis idn2.h libmilter magic.h \
		pcre2.h seccomp.h seccomp-syscalls.h sha2.h sha256.h hs; do
		[ ! -e "/usr/include/$header" ] ||
			ln -sfn "/usr/include/$header" "$headers/$header"
	done
	for folder in linux asm-generic; do
		ln -sfn "/usr/include/$folder" "$headers/$folder"
	done
	ln -sfn "/usr/include/$(gcc -print-multiarch)/asm" "$headers/asm"
	find milter -name '*.c' | sort | xargs -r -P 2 -n 16 \
		musl-gcc -std=c17 -D_GNU_SOURCE -DSLUICE_VERSION='""' \
		-DSLUICE_HS -DSLUICE_ARCHIVE -DSLUICE_MAGIC -fsyntax-only \
		-Wall -Wextra -Werror -Imilter "-I$build/gen" \
		-idirafter "$headers" -idirafter "$headers/libmilter" \
		-idirafter "$headers/hs"
}

check_cppcheck() {
	cppcheck -q -j 2 --std=c11 --enable=warning,portability \
		--inline-suppr --suppress=missingIncludeSystem \
		--error-exitcode=1 --template=gcc -Imilter -D_GNU_SOURCE \
		-DSLUICE_VERSION='""' milter 2>&1
}

# What the program's own tables name stands in the manual, too: options with
# their names, commands with their arguments, words of the language.
check_manual() {
	sed -n 's/^\t{ "\([a-z_]*\)", set_.*/man\/sluice.conf.5:.It Ic \1/p' \
		milter/conf/option.c > "$T/named"
	sed -n 's/^\t{ "\([a-z]*\)", "\([^"]*\)",.*/man\/sluice.1:.It Ic \1 Li \2/p' \
		milter/tool/commands.c | sed 's/ Li $//' >> "$T/named"
	{
		sed -n 's/^\t\[UNIT_.*//; s/^\t    { "\([a-z-]*\)", .*/\1/p' \
			milter/rules/vocabulary.c
		sed -n '/verbs\[\]/,/^}/s/^\t{ "\([a-z-]*\)".*/\1/p' \
			milter/engine/trace_verbs.c
		sed -n 's/^\t\[DAMAGE_[A-Z0-9_]*\] = "\([a-z0-9-]*\)",$/\1/p' \
			milter/mime/damage.c
	} | sed 's/^/man\/sluice.rules.5:/' >> "$T/named"
	while IFS=: read -r page name; do
		grep -qF -- "$name" "$page" || echo "$page: no '$name'"
	done < "$T/named" > "$T/unnamed"
	cat "$T/unnamed"
	[ "$(wc -l < "$T/named")" -gt 100 ] && [ ! -s "$T/unnamed" ]
}

# SECURITY.md says which test shows what: each must be there, and each path.
check_security() {
	grep -o '`[^`]*`' SECURITY.md | tr -d '`' | sort -u > "$T/quoted"
	sed -nE 's,^((unit|mta|replay|fuzz)/[^ ]*|run\.sh)$,tests/&,p
		s,^(contrib|milter)/[^ ]*[a-z]$,&,p' "$T/quoted" > "$T/shown"
	while read -r path; do
		[ -e "$path" ] || echo "SECURITY.md: there is no $path"
	done < "$T/shown" > "$T/gone"
	cat "$T/gone"
	[ "$(wc -l < "$T/shown")" -gt 40 ] && [ ! -s "$T/gone" ]
}

check_shell() {
	find tests contrib .ci -name '*.sh' -o -path .ci/run | sort |
		xargs -r -P 2 -n 16 shellcheck -x -S warning
}

check_python() {
	find tests milter -name '*.py' | sort | xargs -r python3 -c '
import sys
for name in sys.argv[1:]:
    compile(open(name, encoding="utf-8").read(), name, "exec")'
}

# Names of the place where this was written are of no use to anybody else.
check_paths() {
	! git grep -nIE '/(work|farm)/|[.][.]/shared' -- . 2>/dev/null
}

for tool in objdump clang clang-format clang-tidy cppcheck musl-gcc \
	shellcheck python3; do
	command -v $tool > /dev/null || lacking="${lacking:-} $tool"
done
if [ -n "${lacking:-}" ]; then
	echo "lint.sh: these tools are missing:$lacking" >&2
	echo "lint.sh: tests/setup/packages.sh lint installs them" >&2
	exit 1
fi
status=0
for check in format layers lengths shared manual security clang musl cppcheck \
	shell python paths sizes; do
	since=$(date +%s)
	word=ok
	"check_$check" > "$T/out" 2>&1 || word=FOUND
	printf '%-9s %-6s %2d s\n' "$check" "$word" $(($(date +%s) - since))
	[ $word = ok ] || { status=1; head -n 60 "$T/out"; }
done
exit $status
