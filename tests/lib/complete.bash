# complete.bash FILE WORD... - what the completion script FILE offers behind
# the words, of which the last may be begun or empty; one a line, sorted.
# The first word is the program.
. "$1" || exit
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_sluice
printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort -u
