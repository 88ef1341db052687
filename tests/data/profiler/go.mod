module profiler

go 1.21
