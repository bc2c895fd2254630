// Command check verifies an exported log with golang.org/x/mod/sumdb/note and sumdb/tlog, and docs/log.md.
//
//	check export DIRECTORY           checkpoint, every tile and every entry
//	check growth DIRECTORY OLD PROOF that the log grew from the checkpoint in file OLD, by its tiles and by file PROOF
//	check proof FILE                 a tlog-proof file
//
// Verifier keys, the log's and its witnesses', are read from standard input, one a line; each must have signed. What
// was verified is written to standard output; anything that does not fit ends it with a message and status 1.
//
// The tree, its proofs and the notes are the module's own code. Written here are only the other names of C2SP's
// files, the lines of a checkpoint and a proof, and the message of a cosignature.
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height      = 8
	cosignature = 4
)

// A witness verifies cosignatures, which are signatures over a checkpoint with a time before it.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }

func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	cosigned := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(w.key, cosigned, sig[8:])
}

// verifier reads a key of the log, which is the module's own, or of a witness.
func verifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignature {
		return note.NewVerifier(vkey)
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	return witness{parts[0], uint32(hash), key[1:]}, err
}

// open reads a checkpoint that the log and all witnesses have signed.
func open(msg []byte, keys []note.Verifier) (tree tlog.Tree, err error) {
	opened, err := note.Open(msg, note.VerifierList(keys...))
	if err != nil {
		return tree, err
	}
	if len(opened.Sigs) != len(keys) {
		return tree, fmt.Errorf("%d of %d keys have signed", len(opened.Sigs), len(keys))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != keys[0].Name() {
		return tree, errors.New("not a checkpoint of this log")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// A site is a directory with C2SP's names: tile/L/N where the module says tile/8/L/N, entries where it says data.
type site string

func (s site) file(tile tlog.Tile) ([]byte, error) {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	if rest, data := strings.CutPrefix(path, "data/"); data {
		path = "entries/" + rest
	}
	return os.ReadFile(filepath.Join(string(s), "tile", path))
}

func (s site) Height() int                         { return height }
func (s site) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (s site) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		var err error
		if data[i], err = s.file(tile); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func (s site) open(keys []note.Verifier) (tlog.Tree, tlog.HashReader, error) {
	msg, err := os.ReadFile(filepath.Join(string(s), "checkpoint"))
	if err != nil {
		return tlog.Tree{}, nil, err
	}
	tree, err := open(msg, keys)
	return tree, tlog.TileHashReader(tree, s), err
}

// entries are the leaf data of a bundle, which must be all that there is in it.
func (s site) entries(tile tlog.Tile) ([][]byte, error) {
	data, err := s.file(tile)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New("truncated bundle")
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries, data = append(entries, data[2:end]), data[end:]
	}
	if len(entries) != tile.W {
		return nil, fmt.Errorf("%d entries in %s", len(entries), tile.Path())
	}
	return entries, nil
}

// A memory keeps hashes that have been shown to be in the tree, so that each tile is read once and not for every leaf.
type memory struct {
	tree  tlog.HashReader
	known map[int64]tlog.Hash
}

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var missing []int64
	for _, index := range indexes {
		if _, ok := m.known[index]; !ok {
			missing = append(missing, index)
		}
	}
	if len(missing) > 0 {
		hashes, err := m.tree.ReadHashes(missing)
		if err != nil {
			return nil, err
		}
		for i, index := range missing {
			m.known[index] = hashes[i]
		}
	}
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = m.known[index]
	}
	return hashes, nil
}

// remember reads all hashes of the tree within a tile of level 0.
func (m memory) remember(tile tlog.Tile) error {
	var indexes []int64
	for level := range height + 1 {
		for i := range tile.W >> level {
			indexes = append(indexes, tlog.StoredHashIndex(level, tile.N<<(height-level)+int64(i)))
		}
	}
	_, err := m.ReadHashes(indexes)
	return err
}

// checkExport proves every leaf of every bundle out of the tiles.
func checkExport(dir site, keys []note.Verifier) error {
	tree, tiles, err := dir.open(keys)
	if err != nil {
		return err
	}
	hashes := memory{tiles, map[int64]tlog.Hash{}}
	// The module names the tiles that a tree has. Those of level 0 are the names of the bundles, too.
	for _, tile := range tlog.NewTiles(height, 0, tree.N) {
		if err := checkTile(dir, tile, tiles); err != nil {
			return err
		}
		if tile.L > 0 {
			continue
		}
		if err := hashes.remember(tile); err != nil {
			return err
		}
		tile.L = -1
		entries, err := dir.entries(tile)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			index := tile.N<<height + int64(i)
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			if err != nil {
				return err
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
		}
	}
	fmt.Printf("%d %v\n", tree.N, tree.Hash)
	return nil
}

// checkTile reads a tile through the reader that believes only what belongs to the tree.
func checkTile(dir site, tile tlog.Tile, hashes tlog.HashReader) error {
	want, err := tlog.ReadTileData(tile, hashes)
	if err != nil {
		return err
	}
	got, err := dir.file(tile)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%s does not belong to the tree", tile.Path())
	}
	return err
}

// checkGrowth proves that the tree began with the old one: with a proof out of the tiles, which must be the given one.
func checkGrowth(dir site, old, given string, keys []note.Verifier) error {
	now, hashes, err := dir.open(keys)
	if err != nil {
		return err
	}
	msg, err := os.ReadFile(old)
	if err != nil {
		return err
	}
	before, err := open(msg, keys)
	if err != nil {
		return err
	}
	lines, err := os.ReadFile(given)
	if err != nil {
		return err
	}
	proof, err := parseHashes(strings.Fields(string(lines)))
	if err != nil {
		return err
	}
	made, err := tlog.ProveTree(now.N, before.N, hashes)
	if err != nil {
		return err
	}
	for _, p := range []tlog.TreeProof{made, proof} {
		if err := tlog.CheckTree(p, now.N, now.Hash, before.N, before.Hash); err != nil {
			return err
		}
	}
	fmt.Printf("%d %d\n", before.N, now.N)
	return nil
}

// checkProof verifies that the leaf data in the extra line is in the log.
func checkProof(path string, keys []note.Verifier) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, checkpoint, _ := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a tlog-proof")
	}
	extra, isExtra := strings.CutPrefix(lines[1], "extra ")
	number, isIndex := strings.CutPrefix(lines[2], "index ")
	if !isExtra || !isIndex {
		return errors.New("no extra, or no index")
	}
	entry, err := base64.StdEncoding.DecodeString(extra)
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return err
	}
	proof, err := parseHashes(lines[3:])
	if err != nil {
		return err
	}
	tree, err := open([]byte(checkpoint), keys)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return err
	}
	fmt.Printf("%d %x\n", index, entry)
	return nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

func readKeys() ([]note.Verifier, error) {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return nil, err
	}
	var keys []note.Verifier
	for _, vkey := range strings.Fields(string(input)) {
		key, err := verifier(vkey)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func main() {
	log.SetFlags(0)
	keys, err := readKeys()
	switch args := os.Args[1:]; {
	case err != nil:
	case len(args) == 2 && args[0] == "export":
		err = checkExport(site(args[1]), keys)
	case len(args) == 4 && args[0] == "growth":
		err = checkGrowth(site(args[1]), args[2], args[3], keys)
	case len(args) == 2 && args[0] == "proof":
		err = checkProof(args[1], keys)
	default:
		err = errors.New("usage: check export|growth|proof …")
	}
	if err != nil {
		log.Fatal(err)
	}
}
