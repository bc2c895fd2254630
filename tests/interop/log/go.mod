// The module of check.go. x/mod is the copy that the Go toolchain carries; nothing is downloaded.
module check

go 1.24

require golang.org/x/mod v0.0.0

replace golang.org/x/mod => ./mod
