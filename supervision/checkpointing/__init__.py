"""Checkpoints of the log: signing them, having witnesses cosign them, showing them, proving receipts with them."""
