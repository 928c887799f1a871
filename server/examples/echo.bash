#!/usr/bin/env bash
# A worker in bash: `echo` gives its params back. Good for trying things out; bash reads a byte at a
# time, so it is no worker for large params.
#
#     [pool shell]
#     program = /usr/share/doc/offload/examples/echo.bash
#     methods = echo
#
#     $ offload call shell.echo text='hello there'
LC_ALL=C # bytes, not characters: faster, and nothing is changed

# The daemon writes the members in this order and without blanks, so no JSON parser is needed.
while IFS= read -r line; do
    rest=${line#'{"jsonrpc":"2.0","id":'}
    [[ $rest != "$line" ]] || continue # a blank line, or a notification: never answered
    id=${rest%%,*}
    case ${rest#"$id,"} in
    '"method":"echo","params":'*)
        params=${rest#"$id,"'"method":"echo","params":'}
        answer='"result":'${params%?} # without the request's last brace
        ;;
    '"method":"echo"}')
        answer='"result":null'
        ;;
    *)
        answer='"error":{"code":-32601,"message":"Method not found"}'
        ;;
    esac
    printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$answer"
done
