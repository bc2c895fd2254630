"""Seals: who may read what is decided by arithmetic, not by a flag in a table.

================  ==================================================================================
module            what it holds
================  ==================================================================================
``compartments``  the sealed fields, sorted by who may read them
``keys``          X-Wing and Ed25519 key pairs, made from seeds, and their identifiers
``holders``       who stands in a manifest: offices, custodians, relays, the superior, services
``manifest``      the public keys of a deployment; nothing is wrapped to a key outside of it
``wording``       a manifest and its changes, in words for those who sign
``trust``         whose signatures count because a manifest says so
``ceremony``      making all these keys and the signed manifest
``destinations``  whose keys a sealing goes to: an office, the superior, the reporter
``envelope``      sealing: parts of a report in; envelopes, files, wraps and what the event says out
``adding``        notes under a key that exists, wraps for more offices
``opening``       the way back: from an event and custody to plaintext
``contribution``  a share or the gate's half, sealed again for one opening
``binding``       contexts, and the derivation of keys from them
``wraps``         data keys: committed to, wrapped whole or split among M of N
``payload``       the bytes of one envelope
``padding``       size classes
``files``         large files on disk, chunked and authenticated, in constant memory
``resharing``     a change of custodians: former ones deal, new ones take, and nobody has M shares
``sharings``      who holds the shares of a data key now, by what the log says
``shamir``        secret sharing over GF(2^8)
``receipt``       the 查询码 and everything that is derived from it
``passphrase``    an officer's private seeds under his passphrase
``session``       working state that neither the cookie nor the store alone can open
``strict_json``   reading JSON with nothing missing and nothing left over
``errors``        refusals, in words for people
================  ==================================================================================

Formats and bindings, byte for byte: ``docs/sealing.md``. Every random byte comes from an ``rng`` argument,
except the ephemeral keys of HPKE and the salts of Cobblestone, which the library draws from the operating
system and does not let anybody choose.
"""
