function __gobuild_opt_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l lines ($words[1] __complete fish $words 2>/dev/null)
    for line in $lines[2..-1]
        echo $line
    end
    set -l current (string replace -r '^-[^=]*=' '' -- (commandline -ct))
    switch "$lines[1]"
        case files
            __fish_complete_path "$current"
        case directories
            __fish_complete_directories "$current" ''
    end
end
complete -c gobuild-opt -f -a '(__gobuild_opt_complete)'
