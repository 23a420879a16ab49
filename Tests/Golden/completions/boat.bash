# bash completion for boat
_boat() {
    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"
    local command='boat' words='' kind='' index
    # Bash takes `--name=value` for three words.
    if [[ $current == = ]]; then
        current=''
    elif [[ $previous == = ]]; then
        previous="${COMP_WORDS[COMP_CWORD - 2]}"
    fi
    for ((index = 1; index < COMP_CWORD; index++)); do
        case "$command ${COMP_WORDS[index]}" in
            'boat carry') command='boat carry' ;;
            'boat list') command='boat list' ;;
        esac
    done
    case "$command" in
        'boat')
            case "$previous" in
                --cache) kind=folders ;;
                *) words='carry list --json --progress --no-progress --cache -h --help --version' ;;
            esac ;;
        'boat carry')
            case "$previous" in
                -o | --output) kind=folders ;;
                --speed) words='slow fast' ;;
                -l | --label) kind=value ;;
                --cache) kind=folders ;;
                *) words='near far -o --output --speed -l --label --json --progress --no-progress --cache -h --help --version' kind=files ;;
            esac ;;
        'boat list')
            case "$previous" in
                --cache) kind=folders ;;
                *) words='--json --progress --no-progress --cache -h --help --version' ;;
            esac ;;
    esac
    COMPREPLY=()
    if [[ $kind == files && $current != -* ]]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    elif [[ $kind == folders && $current != -* ]]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
    elif [[ $kind != value ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    fi
}
complete -F _boat boat
