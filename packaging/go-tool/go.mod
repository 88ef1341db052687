module gobuild-opt.invalid/gobuild-opt/packaging/go-tool

go 1.24
