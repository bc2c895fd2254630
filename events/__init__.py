"""What has happened: the events of the platform, and the log that cannot lie about them.

======================  ==========================================================================
:mod:`.model`           what an event is, and its state as JSON
:mod:`.topics`          names of event classes, and upcasting of old versions
:mod:`.vocabulary`      the events of this platform
:mod:`.canonical`       the one JSON spelling that is hashed and signed
:mod:`.framing`         length-prefixed fields, for everything that is hashed or signed in binary
:mod:`.signing`         event signatures
:mod:`.leaf`            an entry of the log, its header and its leaf
:mod:`.merkle`          the RFC 6962 tree: nodes, roots, proofs
:mod:`.note`            C2SP signed-note
:mod:`.checkpoint`      C2SP tlog-checkpoint
:mod:`.claims`          what an event says about sealed material in custody
:mod:`.custody`         sealed material beside the log, written in the event's own transaction
:mod:`.custody_reader`  reading it
:mod:`.schema`          tables and their revision
:mod:`.sequencer`       positions without gaps, on SQLite and on PostgreSQL
:mod:`.store`           the log's database: append and read
:mod:`.recorder`        the same as ``ApplicationRecorder`` of the ``eventsourcing`` library
:mod:`.ledger`          the application that commands write through
:mod:`.signer`          signs checkpoints
:mod:`.keyring`         whose signature counts for which event
:mod:`.verify`          recomputes everything from what is stored
======================  ==========================================================================

``docs/log-format.md`` describes the formats byte for byte. Nothing here knows a business rule.
"""
