#!/bin/sh
# make install into a folder: what it puts there works from there, a file that
# was edited is never overwritten nor taken away; shell completion.
#
# MTA: none
. "$(dirname "$0")/../lib/mta.sh"

root=$T/root
etc=$root/etc/sluice
make_in() { # FOLDER ARGUMENT...
	make_folder=$1
	shift
	${MAKE:-make} -s -C "$TOP" BUILD="$BUILD" DESTDIR="$make_folder" "$@" \
		> "$T/make.out" 2>&1 && return
	cat "$T/make.out"
	return 1
}

ok "make install" make_in "$root" PREFIX=/usr install
for file in usr/sbin/sluiced usr/bin/sluice etc/sluice/sluice.conf \
	etc/sluice/rules/mx.rules etc/sluice/rules/mx.test \
	etc/sluice/rules/tables/own-hosts.txt \
	usr/lib/systemd/system/sluice.service usr/lib/sysusers.d/sluice.conf \
	usr/share/bash-completion/completions/sluice \
	usr/share/zsh/site-functions/_sluice \
	usr/share/fish/vendor_completions.d/sluice.fish \
	usr/share/doc/sluice/README.md \
	usr/share/doc/sluice/examples/postfix/main.cf.sluice; do
	[ -s "$root/$file" ] || echo "$file"
done > "$T/absent"
is "what belongs there is there" "$(cat "$T/absent")" ""
is "each manual page is where man looks" \
	"$(find "$root/usr/share/man" -path '*/man[1-9]/*' 2>/dev/null |
		sed 's,.*/,,' | sort)" \
	"$(find "$TOP/man" -name '*.[1-9]' 2>/dev/null | sed 's,.*/,,' | sort)"
is "nothing can be written by others" \
	"$(find "$root" ! -type l -perm /022)" ""
like "the unit starts what was installed" \
	"$(cat "$root/usr/lib/systemd/system/sluice.service")" \
	'^ExecStart=/usr/sbin/sluiced( |$)'

# From there, by the configuration that is there.
ok "the installed tool checks the installed rules" \
	"$root/usr/bin/sluice" -c "$etc/sluice.conf" check
ok "and their tests pass" "$root/usr/bin/sluice" -c "$etc/sluice.conf" test
port=$(free_port)
printf '%s\n' "listen = inet:$port@127.0.0.1" 'store = memory' \
	>> "$etc/sluice.conf"
"$root/usr/sbin/sluiced" -f -c "$etc/sluice.conf" < /dev/null \
	> "$T/daemon.log" 2>&1 &
daemon=$!
at_exit "kill -KILL $daemon 2>/dev/null"
wait_for 15 is_listening "$port" || bail "$(cat "$T/daemon.log")"
like "the installed daemon answers by the installed rules" \
	"$(timeout 10 python3 "$TOP/tests/lib/milter.py" "127.0.0.1:$port" \
		'macro connect {daemon_name} mx' \
		'connect h.example 192.0.2.1' 'helo localhost' \
		'mail <a@example.org>' 2>&1)" '^(helo|mail): reply 5'
kill $daemon

# Again, over what somebody has changed since.
echo '# mine' >> "$etc/rules/tables/own-hosts.txt"
rm "$etc/rules/content.rules"
cp "$etc/sluice.conf" "$T/edited.conf"
ok "make install again" make_in "$root" PREFIX=/usr install
ok "an edited sluice.conf stays" cmp -s "$T/edited.conf" "$etc/sluice.conf"
ok "ours is beside it" cmp -s "$TOP/contrib/sluice.conf" "$etc/sluice.conf.new"
like "and it says so" "$(cat "$T/make.out")" 'sluice.conf was edited and stays so'
is "an edited table stays" "$(tail -n 1 "$etc/rules/tables/own-hosts.txt")" \
	'# mine'
is "a rule file that was taken away does not come back" \
	"$(cd "$etc/rules" && echo content.rules*)" content.rules.new
is "what is as it was has no second" "$(find "$root" -name '*.new' | wc -l)" 3

ok "make uninstall" make_in "$root" PREFIX=/usr uninstall
is "leaves only what was edited" \
	"$(cd "$root" && find . -type f | sort | tr '\n' ' ')" \
	"./etc/sluice/rules/tables/own-hosts.txt ./etc/sluice/sluice.conf "
ok "into the default places" make_in "$T/local" install
like "the unit knows them" \
	"$(cat "$T/local/usr/local/lib/systemd/system/sluice.service")" \
	'^ExecStart=/usr/local/sbin/sluiced( |$)'

# The tarball, of what git knows or, where there is no git, of what is there.
mkdir "$T/unpacked"
ok "make dist" ${MAKE:-make} -s -C "$TOP" BUILD="$T/dist" dist
tar -xf "$T"/dist/dist/sluice-*.tar.xz -C "$T/unpacked" ||
	bail "the tarball cannot be unpacked"
ok "from what it holds" ${MAKE:-make} -s -C "$T"/unpacked/sluice-* BUILD=build \
	dist
is "comes the same tarball, to the byte" \
	"$(sha256sum < "$(echo "$T"/unpacked/sluice-*/build/dist/*.xz)")" \
	"$(sha256sum < "$(echo "$T"/dist/dist/*.xz)")"
like "its name has the version that the programs say" \
	"$(ls "$T/dist/dist")" \
	"^sluice-$("$BUILD/sluice" version | sed -n '1s/^sluice //p')\.tar\.xz\$"

# Completion, as bash asks for it.
completes() {
	bash "$TOP/tests/lib/complete.bash" "$TOP/contrib/completion/sluice.bash" \
		"$BUILD/sluice" "$@" | tr '\n' ' '
}
sed -n 's/^\t{ "\([a-z]*\)", ".*/\1/p' "$TOP/milter/tool/commands.c" |
	sort > "$T/table"
is "each command of the table completes" "$(completes '')" \
	"$(tr '\n' ' ' < "$T/table")"
is "those are the ones that help lists" \
	"$("$BUILD/sluice" help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p' | sort)" \
	"$(cat "$T/table")"
is "a command begun" "$(completes 'gran')" "grant grants "
while read -r command; do
	want=$("$BUILD/sluice" help "$command" | sed -n 1p |
		grep -Eo -- '\[--?[a-z]+' | grep -v -- '-c$' | tr -d '[' |
		sort | tr '\n' ' ')
	[ "$(completes "$command" -)" = "${want:- }" ] || echo "$command: not $want"
done < "$T/table" > "$T/wrong"
is "and the options of each" "$(cat "$T/wrong")" ""
mkdir -p "$T/desk/rules"
echo 'store = memory' > "$T/desk/sluice.conf"
cat > "$T/desk/rules/site.rules" <<-'END'
	table suspects  address redis
	table partners  address { "@example.net" }
	limit user-pace 20/1m recipients by sasl.user
	limit user-day  200 daily recipients by sasl.user
	on rcpt { pace: tempfail "later" if over user-pace or rcpt.to in suspects
	          day:  tempfail "later" if over user-day or rcpt.to in partners }
END
desk() {
	completes -c "$T/desk/sluice.conf" "$@"
}
is "limits of the rules" "$(desk reset user-)" "user-day user-pace "
is "rules" "$(desk observe '')" "day pace "
is "several rules" "$(desk stats day p)" "pace "
is "tables that can be edited" "$(desk table add '')" "suspects "
is "choices" "$(desk table '')" "add list remove "
is "a word behind what may be left out" "$(desk table add suspects a '')" "for "
is "files" "$(completes check "$T/desk/sl")" "$T/desk/sluice.conf "
is "nothing where nobody can know" "$(desk reset user-pace '')" " "
echo 'on rcpt { broken' > "$T/desk/rules/broken.rules"
is "rules that are broken have no names" "$(desk reset '')" " "
done_testing
