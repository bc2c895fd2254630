"""Changing custodians: what former and new holders of shares are brought, check and answer on machines of their own.

They believe nothing but the key manifest that they pin (:mod:`.holders`). The ceremony's side, which collects, checks
that the answers agree, and records, is :mod:`supervision.resharing_table`. Format: ``docs/sealing.md``, *Changing
custodians*.
"""
