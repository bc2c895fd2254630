"""Openings on other machines: what a custodian and the superior's gate are brought, what they check and answer.

They trust the pinned key manifest and nothing that the county's server says: every statement in a request file is
signed, and the keys of those who signed lead back to the manifest. Format: ``docs/sealing.md``, *Openings*.
"""
