#compdef boat

_boat_words() {
    local context state state_descr line
    typeset -A opt_args
    local -a commands=(
        'carry:Carry cargo to a shore'
        'list:List what is on board'
    )
    _arguments -C -s \
        '--json[answer as JSON]' \
        '--progress[show how far the boat is]' \
        '--no-progress[show how far the boat is]' \
        '--cache=[where to keep the cargo\: a folder]:DIR:_files -/' \
        '-h[show this help]' \
        '--help[show this help]' \
        '--version[show the version]' \
        '1: :->command' \
        '*:: :->words'
    case $state in
        command) _describe command commands ;;
        words)
            case $line[1] in
                carry) _boat_carry_words ;;
                list) _boat_list_words ;;
            esac ;;
    esac
}

_boat_carry_words() {
    _arguments -s \
        '-o[the folder that receives the \[cargo\]]:DIR:_files -/' \
        '--output=[the folder that receives the \[cargo\]]:DIR:_files -/' \
        '--speed=[how fast the boat goes when there is a lot of wind from behind]:KIND:(slow fast)' \
        '*-l[a label; don'\''t repeat one]:KEY=VALUE: ' \
        '*--label=[a label; don'\''t repeat one]:KEY=VALUE: ' \
        '--json[answer as JSON]' \
        '--progress[show how far the boat is]' \
        '--no-progress[show how far the boat is]' \
        '--cache=[where to keep the cargo\: a folder]:DIR:_files -/' \
        '-h[show this help]' \
        '--help[show this help]' \
        '--version[show the version]' \
        ':CARGO:_files' \
        '::SHORE:(near far)'
}

_boat_list_words() {
    _arguments -s \
        '--json[answer as JSON]' \
        '--progress[show how far the boat is]' \
        '--no-progress[show how far the boat is]' \
        '--cache=[where to keep the cargo\: a folder]:DIR:_files -/' \
        '-h[show this help]' \
        '--help[show this help]' \
        '--version[show the version]' \
        '*:NAME: '
}

if [ "$funcstack[1]" = "_boat" ]; then
    _boat_words "$@"
else
    compdef _boat_words boat
fi
