// Command open opens a sealed report with nothing but Go's standard library and docs/sealing.md.
//
// It reads a report in the form of tests/vectors/sealing/sealing.json from standard input, opens all of it with
// the recipients' seeds, and writes the plaintexts as {"compartment/field": "text"} to standard output. For each
// key that is wrapped whole it also makes a wrap of its own, {"wraps": {"compartment": hex}}, for the other side
// to open. Anything that does not fit ends it with a message and status 1.
//
// With contributions in the report (contribution.go) it opens what these open, and needs no recipient's seed.
package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
)

type wrapRef struct {
	Key             string
	Share           int
	SHA256          string
	ShareCommitment string `json:"share_commitment"`
}

type keyRef struct {
	Compartment, Commitment string
	M, N                    int
	Wraps                   []wrapRef
}

type item struct {
	Compartment, Field, SHA256 string
	SizeClass                  int `json:"size_class"`
}

type report struct {
	Origin   string
	StreamID string `json:"stream_id"`
	Seeds    map[string]string
	Sealing  struct {
		Suite    int
		Manifest string
		Keys     []keyRef
		Items    []item
	}
	Wraps, Envelopes []string
	decision
}

type output struct {
	Plaintexts map[string]string `json:"plaintexts"`
	Wraps      map[string]string `json:"wraps"`
	Pieces     map[string]string `json:"pieces,omitempty"`
	Given      map[string]string `json:"given,omitempty"`
}

func main() {
	log.SetFlags(0)
	var r report
	must(json.NewDecoder(os.Stdin).Decode(&r))
	custody := map[string][]byte{}
	for _, stored := range append(r.Wraps, r.Envelopes...) {
		data := unhex(stored)
		sum := sha256.Sum256(data)
		custody[hex.EncodeToString(sum[:])] = data
	}
	private := map[string]hpke.PrivateKey{}
	for _, seed := range r.Seeds {
		key, err := hpke.MLKEM768X25519().NewPrivateKey(unhex(seed))
		must(err)
		id := sha256.Sum256(append([]byte("supervision/key/v1\x02"), key.PublicKey().Bytes()...))
		private[hex.EncodeToString(id[:])] = key
	}
	out := output{Plaintexts: map[string]string{}, Wraps: map[string]string{}}
	if len(r.Contributions) > 0 {
		r.openContributed(&out, custody)
		must(json.NewEncoder(os.Stdout).Encode(out))
		return
	}
	for _, ref := range r.Sealing.Keys {
		dataKey := r.dataKey(ref, custody, private)
		r.openItems(&out, ref, dataKey, custody)
		if ref.N == 0 {
			recipient := private[ref.Wraps[0].Key].PublicKey()
			wrap, err := hpke.Seal(recipient, hpke.HKDFSHA256(), hpke.AES256GCM(), r.wrapInfo(ref, ref.Wraps[0]), dataKey)
			must(err)
			out.Wraps[ref.Compartment] = hex.EncodeToString(append([]byte{byte(r.Sealing.Suite)}, wrap...))
		}
	}
	must(json.NewEncoder(os.Stdout).Encode(out))
}

// openItems opens all of a compartment with its data key, which must be the committed one.
func (r *report) openItems(out *output, ref keyRef, dataKey []byte, custody map[string][]byte) {
	check(bytes.Equal(r.commitment(ref, dataKey), unhex(ref.Commitment)), "commitment of "+ref.Compartment)
	for _, it := range r.Sealing.Items {
		if it.Compartment == ref.Compartment {
			out.Plaintexts[it.Compartment+"/"+it.Field] = string(r.open(it, dataKey, custody[it.SHA256]))
		}
	}
}

// dataKey unwraps a whole key, or all pieces of a split one, which it combines.
func (r *report) dataKey(ref keyRef, custody map[string][]byte, private map[string]hpke.PrivateKey) []byte {
	pieces := map[string][]byte{}
	for _, w := range ref.Wraps {
		wrap := custody[w.SHA256]
		check(len(wrap) > 0 && int(wrap[0]) == r.Sealing.Suite, "suite of a wrap of "+ref.Compartment)
		piece, err := hpke.Open(private[w.Key], hpke.HKDFSHA256(), hpke.AES256GCM(), r.wrapInfo(ref, w), wrap[1:])
		must(err)
		if ref.N == 0 {
			return piece
		}
		pieces[w.Key] = piece
	}
	return r.combined(ref, pieces)
}

// combined is the data key out of pieces by their holders' key ids: of the last M shares and the gate's half.
func (r *report) combined(ref keyRef, pieces map[string][]byte) []byte {
	var shares [][]byte
	var gate []byte
	for _, w := range ref.Wraps {
		piece, given := pieces[w.Key]
		if !given {
			continue
		}
		sum := sha256.Sum256(r.keyContext("supervision/share/v1", ref.Compartment,
			unhex(ref.Commitment), u32(w.Share), u32(ref.M), u32(ref.N), piece))
		check(hex.EncodeToString(sum[:]) == w.ShareCommitment, "commitment of a share of "+ref.Compartment)
		if w.Share == 0 {
			gate = piece
		} else {
			shares = append(shares, piece)
		}
	}
	check(len(shares) >= ref.M, "number of shares of "+ref.Compartment)
	secret := combine(shares[len(shares)-ref.M:])
	return derive(append(secret, gate...), r.keyContext("supervision/split/v1", ref.Compartment))
}

// open decrypts one envelope and takes its padding off.
func (r *report) open(it item, dataKey, envelope []byte) []byte {
	context := r.sealedContext("supervision/envelope/v1", it.Compartment, []byte(it.Field))
	block, err := aes.NewCipher(derive(dataKey, context))
	must(err)
	gcm, err := cipher.NewGCM(block)
	must(err)
	check(int(envelope[0]) == r.Sealing.Suite, "suite of "+it.Field)
	padded, err := gcm.Open(nil, envelope[1:13], envelope[13:], context)
	must(err)
	check(len(padded) == it.SizeClass, "size class of "+it.Field)
	length := binary.BigEndian.Uint32(padded)
	check(len(bytes.Trim(padded[4+length:], "\x00")) == 0, "padding of "+it.Field)
	return padded[4 : 4+length]
}

func (r *report) commitment(ref keyRef, dataKey []byte) []byte {
	return derive(dataKey, r.keyContext("supervision/commitment/v1", ref.Compartment))
}

func (r *report) wrapInfo(ref keyRef, w wrapRef) []byte {
	return r.sealedContext("supervision/wrap/v1", ref.Compartment,
		unhex(ref.Commitment), unhex(w.Key), u32(w.Share), u32(ref.M), u32(ref.N))
}

func (r *report) keyContext(label, compartment string, fields ...[]byte) []byte {
	head := [][]byte{[]byte(label), []byte(r.Origin), r.stream(), []byte(compartment)}
	return lengthPrefixed(append(head, fields...))
}

func (r *report) sealedContext(label, compartment string, fields ...[]byte) []byte {
	head := [][]byte{[]byte(label), []byte(r.Origin), unhex(r.Sealing.Manifest), u32(r.Sealing.Suite), r.stream(),
		[]byte(compartment)}
	return lengthPrefixed(append(head, fields...))
}

func (r *report) stream() []byte { return unhex(strings.ReplaceAll(r.StreamID, "-", "")) }

// combine interpolates at 0 over GF(2^8); a share is its values followed by x.
func combine(shares [][]byte) []byte {
	width := len(shares[0]) - 1
	secret := make([]byte, width)
	for _, share := range shares {
		weight := byte(1)
		for _, other := range shares {
			if x := other[width]; x != share[width] {
				weight = multiply(multiply(weight, x), inverse(x^share[width]))
			}
		}
		for i := range secret {
			secret[i] ^= multiply(share[i], weight)
		}
	}
	return secret
}

func multiply(a, b byte) (product byte) {
	for ; b != 0; b >>= 1 {
		if b&1 != 0 {
			product ^= a
		}
		carry := a >> 7
		a = a<<1 ^ carry*0x1b
	}
	return product
}

func inverse(a byte) byte {
	for b := 1; ; b++ {
		if multiply(a, byte(b)) == 1 {
			return byte(b)
		}
	}
}

func derive(secret, info []byte) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, string(info), 32)
	must(err)
	return key
}

func lengthPrefixed(fields [][]byte) (encoded []byte) {
	for _, field := range fields {
		encoded = append(append(encoded, u32(len(field))...), field...)
	}
	return encoded
}

func u32(value int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(value)) }

func unhex(text string) []byte {
	data, err := hex.DecodeString(text)
	must(err)
	return data
}

func check(fits bool, what string) {
	if !fits {
		log.Fatal("does not fit: ", what)
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(fmt.Errorf("open: %w", err))
	}
}
