"""The parts of `scripts/bench_recorders.py`: who is measured, and the process that measures one of them."""
