// promtool, Prometheus' own checker and unit tests of rules: tests/integration/test_alerts.py.
module promtool

go 1.24.0
