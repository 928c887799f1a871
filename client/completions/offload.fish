# Completion of offload for fish. What it offers it asks the program itself for (its --help), and the
# methods the daemon that the command line names, for a second at most.

# The options in the help of a command (none: of all), "name<tab>text", a line each.
function __offload_options
    offload $argv --help 2>/dev/null |
        string replace -rf '^ +(-[a-zA-Z0-9], +)?(--[a-z][-a-z]*)( [A-Z][^ ]*)?( \[PARAMS\])? +(.*)' '$1$2\t$5' |
        string replace -r '^(-[a-zA-Z0-9]), +(--[^\t]*)\t(.*)' '$1\t$3\n$2\t$3'
end

# Those that take a value, a name a line.
function __offload_values
    begin
        offload --help
        offload check-worker --help
    end 2>/dev/null | string replace -rf '^ +(-[a-zA-Z0-9], +)?(--[a-z][-a-z]*) [A-Z][^ ]*.*' '$1\n$2' |
        string replace -r ',.*' '' | string match -r '.+'
end

function __offload_commands
    offload --help 2>/dev/null | sed -nE '/^Commands:/,/^$/s/^  ([-a-z]+) +(.*)/\1\t\2/p'
end

# All that can stand at the end of the command line as it is.
function __offload_offer
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l values (__offload_values)
    set -l command
    set -l daemon
    set -l count 0
    set -l i 2

    while test $i -le (count $words)
        set -l word $words[$i]
        switch $word
            case --server
                set daemon --server $words[(math $i + 1)]
            case '--server=*'
                set daemon $word
            case --local
                set daemon --local
        end
        if contains -- $word $values
            if test $i -eq (count $words)
                switch $word
                    case --server
                        printf '%s\n' unix: tcp:127.0.0.1:7707
                    case --halt
                        printf '%s\n' never now,fail=1 soon,fail=1 now,success=1 soon,fail=10%
                    case '*'
                        __fish_complete_path $current
                end
                return
            end
            set i (math $i + 1)
        else if not string match -q -- '-*' $word
            if test -z "$command"
                set command $word
            else
                set count (math $count + 1)
            end
        end
        set i (math $i + 1)
    end

    if string match -q -- '-*' $current
        if test "$command" != run -o $count -eq 0
            __offload_options $command
        end
        return
    end
    switch "$command:$count"
        case ':*'
            __offload_commands
        case call:0 map:0 'gather:*'
            timeout 1 offload $daemon methods 2>/dev/null
        case run:0 check-worker:0
            __fish_complete_command
        case '*'
            __fish_complete_path $current
    end
end

complete -c offload -f -a '(__offload_offer)'
