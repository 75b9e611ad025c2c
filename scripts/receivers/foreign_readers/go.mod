module gosl

go 1.22

require github.com/leodido/go-syslog/v4 v4.6.0
