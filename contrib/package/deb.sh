#!/bin/sh
# deb.sh FOLDER - a Debian package of the tarball of dist.sh, and its
# source package, in FOLDER; then lintian: `make deb`.
#
# The revision sorts before any of Debian's own, so that one of those would
# replace ours. $DEBFULLNAME and $DEBEMAIL, if set, say who made it.
set -eu
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
version=$("$here/version.sh")
revision=$version-0upstream1
who="${DEBFULLNAME:-Sluice maintainers} <${DEBEMAIL:-sluice@packages.invalid}>"

rm -rf "${1:?}"
mkdir -p "$1"
cd "$1"
folder=$PWD
tarball=$("$here/dist.sh" "$folder")
mv "$tarball" "sluice_$version.orig.tar.xz"
tar -xf "sluice_$version.orig.tar.xz"
tree=$folder/sluice-$version
cp -R "$tree/contrib/debian" "$tree/debian"
cat > "$tree/debian/changelog" <<-END
	sluice ($revision) unstable; urgency=medium

	  * Release $version.

	 -- $who  $(date -u -R -r "$tree/CHANGES.md")
END
sed -i "s/^Maintainer: .*/Maintainer: $who/" "$tree/debian/control"

# As the tarball has it, and not as the make that called this one does.
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES BUILD CC CFLAGS LDFLAGS
(cd "$tree" && nice dpkg-buildpackage -us -uc -j2) > build.log 2>&1 || {
	tail -n 30 build.log >&2
	echo "deb.sh: it does not build; all of it: $folder/build.log" >&2
	exit 1
}
rm -r "$tree"
lintian --allow-root --fail-on error,warning --tag-display-limit 0 \
	"sluice_${revision}"_*.changes
ls "$folder"/*.deb
