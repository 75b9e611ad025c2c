"""Throughput, memory and latency of the sinks beside their peers, with an audit of what arrived."""
