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
:mod:`.cosignature`     C2SP tlog-cosignature: what a witness says of a checkpoint
:mod:`.policy`          C2SP tlog-policy: which log and which witnesses one believes
:mod:`.proof`           C2SP tlog-proof: a file that proves, offline, that a leaf is in a log
:mod:`.tiles`           C2SP tlog-tiles: the tree as files, and proofs out of them
:mod:`.witness`         C2SP tlog-witness: what a witness answers to a checkpoint
:mod:`.claims`          what an event says about sealed material in custody
:mod:`.custody`         sealed material beside the log, written in the event's own transaction
:mod:`.custody_reader`  reading it
:mod:`.schema`          tables and their revision
:mod:`.roles`           who may do what in the database, on PostgreSQL
:mod:`.sequencer`       positions without gaps, on SQLite and on PostgreSQL
:mod:`.store`           the log's database: append and read
:mod:`.checkpoints`     checkpoints that were signed, and their cosignatures, beside the log
:mod:`.published`       the log as tiles: for a server, or exported into a directory
:mod:`.recorder`        the same as ``ApplicationRecorder`` of the ``eventsourcing`` library
:mod:`.ledger`          the application that commands write through
:mod:`.signer`          signs checkpoints
:mod:`.signer_memory`   what the signer remembers outside the database
:mod:`.durable_file`    a small file that a crash leaves whole
:mod:`.keyring`         whose signature counts for which event
:mod:`.verify`          recomputes everything from what is stored
======================  ==========================================================================

``docs/log.md`` describes the formats to an auditor. Nothing here knows a business rule.
"""
