"""The door: one module per channel, all ending in :func:`supervision.intake.submission.submit`."""
