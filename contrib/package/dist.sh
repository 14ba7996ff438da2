#!/bin/sh
# dist.sh FOLDER - FOLDER/sluice-VERSION.tar.xz: `make dist`.
#
# In a git repository it is what was committed last, with the time of that
# commit; elsewhere (what an earlier tarball held) what is there, with the time
# of CHANGES.md, which is the same. So anybody can make the tarball again and
# compare: nothing in it tells who made it, when and in which order.
set -eu
LC_ALL=C
TZ=UTC
export LC_ALL TZ
umask 022
cd "$(dirname "$0")/../.."
mkdir -p "$1"
folder=$(cd "$1" && pwd)
name=sluice-$(contrib/package/version.sh)

rm -rf "${folder:?}/$name"
mkdir "$folder/$name"
if [ -e .git ]; then
	time=$(git log -1 --format=%ct)
	git archive HEAD | tar -x -C "$folder/$name"
	git diff --quiet HEAD ||
		echo "dist.sh: what is not committed is not in it" >&2
else
	time=$(date -r CHANGES.md +%s)
	tar -c --exclude=./build --exclude="./${folder#"$PWD"/}" . |
		tar -x -C "$folder/$name"
fi
tar -c -C "$folder" --format=gnu --sort=name --mtime="@$time" \
	--owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX "$name" |
	xz -3 -T1 > "$folder/$name.tar.xz.part"
mv "$folder/$name.tar.xz.part" "$folder/$name.tar.xz"
rm -rf "${folder:?}/$name"
echo "$folder/$name.tar.xz"
