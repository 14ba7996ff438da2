# Completion of sluice for fish. What may come next, `sluice complete` knows:
# commands, their options, and the limits, rules and tables of the rules.

function __sluice_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -l configuration
    set -e words[1]
    if test (count $words) -eq 0; and string match -q -- '-*' $current
        printf '%s\t%s\n' -c 'the configuration to use'
        return
    end
    if test "$words[1]" = -c
        if test (count $words) -eq 1
            __fish_complete_path $current
            return
        end
        set configuration -c $words[2]
        set -e words[1..2]
    end
    for line in ($program $configuration complete -- $words "$current" 2>/dev/null)
        if test $line = :files
            __fish_complete_path $current
        else
            echo $line
        end
    end
end

complete -c sluice -f -a '(__sluice_complete)'
