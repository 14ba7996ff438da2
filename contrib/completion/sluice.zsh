#compdef sluice
# Completion of sluice for zsh. What may come next, `sluice complete` knows:
# commands, their options, and the limits, rules and tables of the rules.

_sluice() {
	local -a configuration found
	local first=2 line has_files=

	if [[ $words[2] == -c ]] && (( CURRENT > 3 )); then
		configuration=(-c ${~words[3]})
		first=4
	elif (( CURRENT == 2 )) && [[ $words[2] == -* ]]; then
		compadd -- -c
		return
	elif (( CURRENT == 3 )) && [[ $words[2] == -c ]]; then
		_files
		return
	fi
	for line in ${(f)"$(${~words[1]} $configuration complete -- \
		"${(@)words[first,CURRENT-1]}" "$words[CURRENT]" 2> /dev/null)"}; do
		if [[ $line == :files ]]; then
			has_files=yes
		else
			found+=("${${line//:/\\:}/$'\t'/:}")
		fi
	done
	[[ -z $found ]] || _describe sluice found
	[[ -z $has_files ]] || _files
}

_sluice "$@"
