"""The domain: what the rules say and what may happen to a report. Pure Python.

Time, randomness and keys are arguments.

Rules (:mod:`.calendar` to :mod:`.separation`) answer questions and change nothing; they are read through one
:class:`supervision.domain.rulebook.Rulebook`. Aggregates (:mod:`.report`, :mod:`.clue` ...) decide and record
events. Terms: ``docs/glossary.md``.
"""
