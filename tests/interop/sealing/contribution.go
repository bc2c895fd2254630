package main

import (
	"crypto/hpke"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// A decision is what contributions are for, in the form of tests/vectors/sealing/opening.json.
type decision struct {
	Opening, Approval string
	EphemeralSeed     string `json:"ephemeral_seed"`
	Contributions     []struct{ Compartment, Giver, Sealed string }
}

// openContributed opens contributions with the ephemeral key, combines what they hold and opens with it. The pieces go
// out as {"compartment/giver": hex}, and each sealed anew as a contribution made here, for the other side to open.
func (r *report) openContributed(out *output, custody map[string][]byte) {
	ephemeral, err := hpke.MLKEM768X25519().NewPrivateKey(unhex(r.EphemeralSeed))
	must(err)
	recipient := sha256.Sum256(append([]byte("supervision/key/v1\x02"), ephemeral.PublicKey().Bytes()...))
	out.Pieces, out.Given = map[string]string{}, map[string]string{}
	for _, ref := range r.Sealing.Keys {
		pieces := map[string][]byte{}
		for _, given := range r.Contributions {
			if given.Compartment != ref.Compartment {
				continue
			}
			sealed, info := unhex(given.Sealed), r.contributionInfo(ref, given.Giver, recipient[:])
			check(len(sealed) > 0 && int(sealed[0]) == r.Sealing.Suite, "suite of a contribution to "+ref.Compartment)
			piece, err := hpke.Open(ephemeral, hpke.HKDFSHA256(), hpke.AES256GCM(), info, sealed[1:])
			must(err)
			again, err := hpke.Seal(ephemeral.PublicKey(), hpke.HKDFSHA256(), hpke.AES256GCM(), info, piece)
			must(err)
			name := ref.Compartment + "/" + given.Giver
			out.Pieces[name] = hex.EncodeToString(piece)
			out.Given[name] = hex.EncodeToString(append([]byte{byte(r.Sealing.Suite)}, again...))
			pieces[given.Giver] = piece
		}
		if len(pieces) > 0 {
			r.openItems(out, ref, r.combined(ref, pieces), custody)
		}
	}
}

func (r *report) contributionInfo(ref keyRef, giver string, recipient []byte) []byte {
	for _, w := range ref.Wraps {
		if w.Key == giver {
			return r.sealedContext("supervision/contribution/v1", ref.Compartment,
				unhex(strings.ReplaceAll(r.Opening, "-", "")), unhex(r.Approval), unhex(ref.Commitment), recipient,
				unhex(giver), u32(w.Share), u32(ref.M), u32(ref.N))
		}
	}
	check(false, "giver of a contribution to "+ref.Compartment)
	return nil
}
