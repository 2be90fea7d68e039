// Makes vectors.json with golang.org/x/mod/sumdb, an implementation of Merkle trees, tiles and signed notes that this
// project has no part in. See README.md.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const largest = 70000

type root struct {
	Size int64
	Root tlog.Hash
}

type inclusion struct {
	Index, Size int64
	Path        []tlog.Hash
}

type consistency struct {
	Old, New int64
	Path     []tlog.Hash
}

type tile struct {
	Level  int
	Index  int64
	Width  int
	Path   string
	SHA256 string
}

type signed struct {
	Text  string
	Seeds []string
	Vkeys []string
	Note  string
}

type vectors struct {
	Roots         []root
	Inclusions    []inclusion
	Consistencies []consistency
	Tiles         []tile
	Paths         map[string]int64
	Notes         []signed
	Checkpoint    signed
	Cosigned      signed
	Timestamp     uint64
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// tree stores the hashes of the entries "entry 0", "entry 1", ...
func tree() tlog.HashReader {
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = hashes[index]
		}
		return found, nil
	})
	for i := int64(0); i < largest; i++ {
		hashes = append(hashes, must(tlog.StoredHashes(i, []byte(fmt.Sprintf("entry %d", i)), reader))...)
	}
	return reader
}

// path leaves out the tile height, which tlog-tiles fixes at 8 and does not write.
func path(t tlog.Tile) string {
	return strings.Replace(t.Path(), "tile/8/", "tile/", 1)
}

func seed(name string) []byte {
	sum := sha256.Sum256([]byte("a seed for tests only: " + name))
	return sum[:]
}

type key struct {
	name      string
	kind      byte
	private   ed25519.PrivateKey
	timestamp uint64
}

func newKey(name string, kind byte, timestamp uint64) *key {
	return &key{name, kind, ed25519.NewKeyFromSeed(seed(name)), timestamp}
}

func (k *key) Name() string { return k.name }

func (k *key) public() []byte { return append([]byte{k.kind}, k.private[32:]...) }

func (k *key) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(k.name+"\n"), k.public()...))
	return binary.BigEndian.Uint32(sum[:])
}

func (k *key) vkey() string {
	return fmt.Sprintf("%s+%08x+%s", k.name, k.KeyHash(), base64.StdEncoding.EncodeToString(k.public()))
}

// Sign writes the cosignature of C2SP tlog-cosignature for keys of type 4.
func (k *key) Sign(text []byte) ([]byte, error) {
	if k.kind == 1 {
		return ed25519.Sign(k.private, text), nil
	}
	message := append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", k.timestamp)), text...)
	var signature bytes.Buffer
	binary.Write(&signature, binary.BigEndian, k.timestamp)
	signature.Write(ed25519.Sign(k.private, message))
	return signature.Bytes(), nil
}

func sign(text string, keys ...*key) signed {
	made := signed{Text: text}
	var signers []note.Signer
	for _, k := range keys {
		made.Seeds = append(made.Seeds, hex.EncodeToString(seed(k.name)))
		made.Vkeys = append(made.Vkeys, k.vkey())
		signers = append(signers, k)
	}
	made.Note = string(must(note.Sign(&note.Note{Text: text}, signers...)))
	if keys[0].kind == 1 {
		must(note.Open([]byte(made.Note), note.VerifierList(must(note.NewVerifier(made.Vkeys[0])))))
	}
	return made
}

func main() {
	reader := tree()
	made := vectors{Paths: map[string]int64{}, Timestamp: 1767225600}
	for _, size := range []int64{1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 511, 512, 513, 1000, 65535, 65536, 65537, largest} {
		made.Roots = append(made.Roots, root{size, must(tlog.TreeHash(size, reader))})
	}
	for _, at := range [][2]int64{{0, 1}, {0, 2}, {2, 3}, {3, 7}, {6, 7}, {255, 256}, {256, 257}, {0, 513}, {512, 513},
		{700, 1000}, {999, 1000}, {65535, 65537}, {65536, 65537}, {0, largest}, {12345, largest}, {largest - 1, largest}} {
		made.Inclusions = append(made.Inclusions, inclusion{at[0], at[1], must(tlog.ProveRecord(at[1], at[0], reader))})
	}
	for _, at := range [][2]int64{{1, 2}, {1, 3}, {2, 3}, {3, 7}, {4, 7}, {6, 8}, {8, 8}, {255, 256}, {256, 257}, {1, 513},
		{512, 513}, {700, 1000}, {1000, 65536}, {65536, largest}, {65535, largest}, {257, largest}} {
		made.Consistencies = append(made.Consistencies, consistency{at[0], at[1], must(tlog.ProveTree(at[1], at[0], reader))})
	}
	for _, t := range []tlog.Tile{{H: 8, L: 0, N: 0, W: 1}, {H: 8, L: 0, N: 0, W: 256}, {H: 8, L: 0, N: 272, W: 256},
		{H: 8, L: 0, N: 273, W: 112}, {H: 8, L: 1, N: 0, W: 256}, {H: 8, L: 1, N: 1, W: 17}, {H: 8, L: 2, N: 0, W: 1}} {
		sum := sha256.Sum256(must(tlog.ReadTileData(t, reader)))
		made.Tiles = append(made.Tiles, tile{t.L, t.N, t.W, path(t), hex.EncodeToString(sum[:])})
	}
	for _, index := range []int64{0, 5, 67, 999, 1000, 1234067, 1000000, 999999999, 1 << 54} {
		made.Paths[path(tlog.Tile{H: 8, L: 3, N: index, W: 256})] = index
	}
	made.Notes = []signed{
		sign("One line.\n", newKey("example.com/one", 1, 0)),
		sign("认证证书\n\nAn empty line within, and two signers.\n", newKey("example.com/one", 1, 0), newKey("两", 1, 0)),
	}
	log := newKey("registry.example/log", 1, 0)
	text := fmt.Sprintf("registry.example/log\n%d\n%s\n", largest, must(tlog.TreeHash(largest, reader)))
	made.Checkpoint = sign(text, log)
	made.Cosigned = sign(text, log, newKey("witness.example/one", 4, made.Timestamp), newKey("witness.example/two", 4, made.Timestamp))
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(made); err != nil {
		panic(err)
	}
}
