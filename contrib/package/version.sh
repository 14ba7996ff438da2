#!/bin/sh
# version.sh - the one place that has the version is the Makefile.
exec sed -n 's/^VERSION  *= *//p' "$(dirname "$0")/../../Makefile"
