// Says whose the data of an executable are, by the object files that it was linked from.
//
// Input: an executable with its symbol table (wasm has none), and a list of `import path=archive`, one a line.
// Output: a line for each named data symbol and each string of the executable, by address:
// address, size, kind (symbol, static: data without a symbol, or string), owners (import paths with commas between), name. Fields end with a tab.
// The last line counts: strings that are alive and their bytes, those that were found in the executable.
//
// Built as `cmd/truth` by way of -overlay: only there may a program import the readers of object files.
// Strings have no symbol in an executable. The linker lays them out by size (`dodataSect` in cmd/link/internal/ld/data.go),
// one after the other, so that their contents say where each is.
package main

import (
	"bufio"
	"bytes"
	"cmd/internal/archive"
	"cmd/internal/goobj"
	"cmd/internal/objabi"
	"cmd/internal/objfile"
	"crypto/sha256"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"sort"
	"strings"
)

// text is the contents of a string, by digest and length.
type text struct {
	digest [32]byte
	size   int
}

// symbol is what the objects say of a name.
type symbol struct {
	owners     map[string]bool
	size       int
	dupok      bool
	references []reference
}

// reference is a place in a symbol that holds the address of another symbol, or of a string where that has no name.
type reference struct {
	at     int
	how    objabi.RelocType
	add    int64
	target string
	text   text
}

type stretch struct {
	address uint64
	size    int
	kind    string
	owners  map[string]bool
	name    string
}

// memory is a part of the address space with what the file puts there.
type memory struct {
	address uint64
	bytes   []byte
}

func main() {
	log.SetFlags(0)
	symbols := map[string]*symbol{}
	contents := map[text][]byte{}
	list, err := os.Open(os.Args[2])
	check(err)
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		path, file, ok := strings.Cut(lines.Text(), "=")
		if ok && file != "" {
			read(path, file, symbols, contents)
		}
	}
	check(lines.Err())
	executable := os.Args[1]
	parts := load(executable)
	addresses, named := named(executable, symbols, parts)
	alive, static := follow(addresses, symbols, parts)
	named = append(named, static...)
	// Who refers to a string: what is alive; of the rest of the objects only the contents count.
	texts := map[text]map[string]bool{}
	live := map[text]bool{}
	for name, it := range symbols {
		living := alive == nil || alive[name]
		for _, r := range it.references {
			if r.target != "" {
				continue
			}
			s := r.text
			if texts[s] == nil {
				texts[s] = map[string]bool{}
			}
			if !living {
				continue
			}
			live[s] = true
			for owner := range it.owners {
				texts[s][owner] = true
			}
			if it.dupok && len(it.owners) > 1 {
				texts[s]["?"] = true
			}
		}
	}
	found := layout(parts, texts, contents)
	if addresses == nil {
		doubt(found, texts)
	}
	found = append(found, alone(parts, live, texts, contents, found)...)
	all := append(named, found...)
	sort.Slice(all, func(i, j int) bool { return all[i].address < all[j].address })
	all = merged(all)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for _, it := range all {
		owners := []string{}
		for owner := range it.owners {
			owners = append(owners, owner)
		}
		sort.Strings(owners)
		fmt.Fprintf(out, "%d\t%d\t%s\t%s\t%q\n", it.address, it.size, it.kind, strings.Join(owners, ","), it.name)
	}
	strings, bytes, missing, missingBytes := 0, 0, len(live), 0
	for it := range live {
		missingBytes += it.size
	}
	for _, it := range found {
		strings, bytes = strings+1, bytes+it.size
		if len(it.owners) > 0 {
			missing, missingBytes = missing-1, missingBytes-it.size
		}
	}
	fmt.Fprintf(out, "strings\t%d\t%d\t%d\t%d\n", strings, bytes, missing, missingBytes)
}

// read adds what the objects of an archive define.
func read(path, file string, symbols map[string]*symbol, contents map[text][]byte) {
	f, err := os.Open(file)
	check(err)
	defer f.Close()
	all, err := archive.Parse(f, false)
	check(err)
	for _, entry := range all.Entries {
		if entry.Type != archive.EntryGoObj {
			continue
		}
		data := make([]byte, entry.Obj.Size)
		_, err := f.ReadAt(data, entry.Obj.Offset)
		check(err)
		r := goobj.NewReaderFromBytes(data, true)
		if r == nil {
			log.Fatalf("%s: not an object file", file)
		}
		hashed64, hashed, rest := r.NSym(), r.NSym()+r.NHashed64def(), r.NSym()+r.NHashed64def()+r.NHasheddef()
		total := rest + r.NNonpkgdef()
		for i := 0; i < total; i++ {
			it := r.Sym(uint32(i))
			name := it.Name(r)
			if name == "" || strings.HasPrefix(name, "go:string.") {
				continue
			}
			known := symbols[name]
			if known == nil {
				known = &symbol{owners: map[string]bool{}}
				symbols[name] = known
			}
			known.owners[path] = true
			known.dupok = known.dupok || it.Dupok()
			known.size = max(known.size, int(it.Siz()))
			relocs := r.Relocs(uint32(i))
			for j := range relocs {
				reloc := &relocs[j]
				target := reloc.Sym()
				var at int
				switch target.PkgIdx {
				case goobj.PkgIdxSelf:
					at = int(target.SymIdx)
				case goobj.PkgIdxHashed64:
					at = hashed64 + int(target.SymIdx)
				case goobj.PkgIdxHashed:
					at = hashed + int(target.SymIdx)
				case goobj.PkgIdxNone:
					at = rest + int(target.SymIdx)
					if at >= total {
						continue
					}
				default:
					continue
				}
				s := r.Sym(uint32(at))
				found := reference{at: int(reloc.Off()), how: objabi.RelocType(reloc.Type()), add: reloc.Add(), target: s.Name(r)}
				if strings.HasPrefix(found.target, "go:string.") {
					if s.Siz() == 0 {
						continue
					}
					content := r.Data(uint32(at))
					found.target = ""
					found.text = text{sha256.Sum256(padded(content, int(s.Siz()))), int(s.Siz())}
					contents[found.text] = content
				}
				if found.target != "" || found.text.size > 0 {
					known.references = append(known.references, found)
				}
			}
		}
	}
}

// padded is the contents with the zeros that an object leaves out.
func padded(content []byte, size int) []byte {
	if len(content) == size {
		return content
	}
	return append(append([]byte{}, content...), make([]byte, size-len(content))...)
}

// What the executable is made for.
var (
	machine string
	order   binary.ByteOrder = binary.LittleEndian
	wide                     = true
)

// load reads what the file puts into memory.
func load(file string) (parts []memory) {
	if f, err := elf.Open(file); err == nil {
		order, wide = f.ByteOrder, f.Class == elf.ELFCLASS64
		machine = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[f.Machine]
		for _, s := range f.Sections {
			if s.Flags&elf.SHF_ALLOC != 0 && s.Type != elf.SHT_NOBITS {
				data, err := s.Data()
				check(err)
				parts = append(parts, memory{s.Addr, data})
			}
		}
		return
	}
	if f, err := macho.Open(file); err == nil {
		machine = map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}[f.Cpu]
		for _, s := range f.Sections {
			if s.Seg != "__DWARF" && s.Offset != 0 {
				data, err := s.Data()
				check(err)
				parts = append(parts, memory{s.Addr, data})
			}
		}
		return
	}
	if f, err := pe.Open(file); err == nil {
		base := uint64(0)
		switch h := f.OptionalHeader.(type) {
		case *pe.OptionalHeader64:
			machine = map[uint16]string{pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64"}[f.Machine]
			base = h.ImageBase
		case *pe.OptionalHeader32:
			base, wide = uint64(h.ImageBase), false
		}
		for _, s := range f.Sections {
			data, err := s.Data()
			check(err)
			if !strings.HasPrefix(s.Name, "/") && !strings.HasPrefix(s.Name, ".debug") && !strings.HasPrefix(s.Name, ".zdebug") {
				parts = append(parts, memory{base + uint64(s.VirtualAddress), data})
			}
		}
		return
	}
	data, err := os.ReadFile(file)
	check(err)
	if !bytes.HasPrefix(data, []byte("\x00asm")) {
		log.Fatalf("%s: not an executable that is known here", file)
	}
	return wasm(data)
}

// wasm joins the segments of linear memory; the linker leaves out stretches of zeros.
func wasm(data []byte) []memory {
	at := 8
	number := func() int {
		value, shift := 0, 0
		for {
			b := data[at]
			at++
			value |= int(b&0x7f) << shift
			shift += 7
			if b < 0x80 {
				return value
			}
		}
	}
	signed := func() int {
		value, shift := 0, 0
		for {
			b := data[at]
			at++
			value |= int(b&0x7f) << shift
			shift += 7
			if b < 0x80 {
				if b&0x40 != 0 {
					value |= -1 << shift
				}
				return value
			}
		}
	}
	var all []byte
	for at < len(data) {
		id := data[at]
		at++
		size := number()
		end := at + size
		if id == 11 {
			for count := number(); count > 0; count-- {
				number() // memory index
				at++     // i32.const
				offset := int(uint32(signed()))
				at++ // end
				length := number()
				if need := offset + length; need > len(all) {
					all = append(all, make([]byte, need-len(all))...)
				}
				copy(all[offset:], data[at:at+length])
				at += length
			}
		}
		at = end
	}
	return []memory{{0, all}}
}

// named finds the data symbols of the executable that the objects know, and the addresses of all symbols; none of wasm.
func named(file string, symbols map[string]*symbol, parts []memory) (addresses map[string]uint64, found []stretch) {
	f, err := objfile.Open(file)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	all, err := f.Symbols()
	if err != nil {
		return nil, nil
	}
	addresses = map[string]uint64{}
	count := map[string]int{}
	for _, it := range all {
		name := plain(it.Name)
		addresses[name] = it.Addr
		count[name]++
	}
	for _, it := range all {
		name := plain(it.Name)
		known := symbols[name]
		if count[name] != 1 {
			addresses[name] = 0 // alive, but which of them is not known
			continue
		}
		if known == nil || known.size == 0 || known.dupok || len(known.owners) != 1 {
			continue
		}
		if strings.HasPrefix(name, "type:") || strings.HasPrefix(name, "go:") || strings.HasPrefix(name, "$") {
			continue
		}
		switch it.Code {
		case 'R', 'r', 'D', 'd':
			if inFile(parts, it.Addr) != nil {
				found = append(found, stretch{it.Addr, known.size, "symbol", known.owners, name})
			}
		}
	}
	return
}

// follow finds the data that only code or other data refers to, and that has no symbol: the arrays behind composite
// literals and the like. Where such data is, the place that holds its address says, in data and in code of amd64 and arm64.
func follow(addresses map[string]uint64, symbols map[string]*symbol, parts []memory) (alive map[string]bool, found []stretch) {
	if addresses == nil {
		return nil, nil
	}
	alive = map[string]bool{}
	var work []string
	for name := range addresses {
		alive[name] = true
		work = append(work, name)
	}
	placed := map[string]bool{}
	for len(work) > 0 {
		name := work[len(work)-1]
		work = work[:len(work)-1]
		it := symbols[name]
		if it == nil {
			continue
		}
		for _, r := range it.references {
			target := symbols[r.target]
			if _, has := addresses[r.target]; target == nil || has && addresses[r.target] != 0 || !strings.Contains(r.target, "..stmp_") {
				continue
			}
			if !alive[r.target] {
				alive[r.target] = true
				work = append(work, r.target)
			}
			if addresses[name] == 0 || placed[r.target] || len(target.owners) != 1 || target.dupok || target.size == 0 {
				continue
			}
			address := pointed(parts, addresses[name]+uint64(r.at), r)
			if address == 0 || inFile(parts, address) == nil {
				continue
			}
			placed[r.target] = true
			addresses[r.target] = address
			work = append(work, r.target)
			found = append(found, stretch{address, target.size, "static", target.owners, r.target})
		}
	}
	return
}

// pointed is the address of a reference's target; 0 where that is not known here.
func pointed(parts []memory, at uint64, r reference) uint64 {
	place := inFile(parts, at)
	word := func(offset int) uint32 {
		if len(place) < offset+4 {
			return 0
		}
		return order.Uint32(place[offset:])
	}
	if place == nil {
		return 0
	}
	switch r.how {
	case objabi.R_ADDR:
		if wide {
			if len(place) < 8 {
				return 0
			}
			return order.Uint64(place) - uint64(r.add)
		}
		return uint64(word(0)) - uint64(r.add)
	case objabi.R_PCREL:
		if machine == "amd64" {
			return at + 4 + uint64(int64(int32(word(0)))) - uint64(r.add)
		}
	case objabi.R_ADDRARM64:
		page, low := word(0), word(4)
		if page&0x9f000000 == 0x90000000 && low&0xff800000 == 0x91000000 {
			offset := int64(page>>5&0x7ffff)<<2 | int64(page>>29&3)
			return at&^0xfff + uint64(offset<<43>>31) + uint64(low>>10&0xfff) - uint64(r.add)
		}
	}
	return 0
}

// inFile is the contents from an address to the end of its part; nil where the file has none.
func inFile(parts []memory, address uint64) []byte {
	for _, it := range parts {
		if it.address <= address && address-it.address < uint64(len(it.bytes)) {
			return it.bytes[address-it.address:]
		}
	}
	return nil
}

// plain is a name as objects have it: ELF adds the ABI to some, Mach-O an underscore.
func plain(name string) string {
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".abi0"), ".abiinternal")
	return name
}

// layout finds the strings: the longest begins where its contents stand, all others before it, by size.
func layout(parts []memory, texts map[text]map[string]bool, contents map[text][]byte) (found []stretch) {
	bySize := map[int]map[text]bool{}
	var sizes []int
	for it := range texts {
		if bySize[it.size] == nil {
			bySize[it.size] = map[text]bool{}
			sizes = append(sizes, it.size)
		}
		bySize[it.size][it] = true
	}
	sort.Sort(sort.Reverse(sort.IntSlice(sizes)))
	// Backwards from the end: each next string is as long as the last or shorter.
	place := func(part memory, end int) (found []stretch) {
		for index := 0; index < len(sizes) && end > 0; {
			size := sizes[index]
			if size <= end {
				chunk := part.bytes[end-size : end]
				key := text{sha256.Sum256(chunk), size}
				if bySize[size][key] {
					end -= size
					found = append(found, stretch{part.address + uint64(end), size, "string", texts[key], string(chunk[:min(size, 40)])})
					continue
				}
			}
			index++
			if index < len(sizes) || len(found) == 0 {
				continue
			}
			last := found[len(found)-1].size
			index = sort.Search(len(sizes), func(i int) bool { return sizes[i] <= last })
			if part.bytes[end-1] == 0 {
				end-- // alignment
				continue
			}
			// One that no object has: go on behind the next that one has.
			next := 0
			window := part.bytes[max(0, end-1<<16):end]
			for _, size := range sizes[index:] {
				if size < 16 {
					break
				}
				for key := range bySize[size] {
					if at := bytes.LastIndex(window, padded(contents[key], size)); at >= 0 {
						next = max(next, end-len(window)+at+size)
					}
				}
			}
			if next == 0 || next == end {
				break
			}
			end = next
		}
		return
	}
	for _, size := range sizes[:min(len(sizes), 20)] {
		for key := range bySize[size] {
			content := padded(contents[key], size)
			for _, part := range parts {
				for from := 0; ; {
					at := bytes.Index(part.bytes[from:], content)
					if at < 0 {
						break
					}
					if more := place(part, from+at+size); len(more) > len(found) {
						found = more
					}
					from += at + 1
				}
			}
			if 2*len(found) > len(texts) {
				return
			}
		}
	}
	return
}

// doubt leaves open whose the first string of a size is that may as well be two shorter ones, which stand before it. `found` is in
// the order of layout.
func doubt(found []stretch, texts map[text]map[string]bool) {
	known := func(part string) bool {
		_, is := texts[text{sha256.Sum256([]byte(part)), len(part)}]
		return is
	}
	for i := 0; i+1 < len(found); i++ {
		it := &found[i]
		for at := 1; at < it.size && it.size < 8 && found[i+1].size < it.size; at++ {
			if known(it.name[:at]) && known(it.name[at:]) {
				it.owners = map[string]bool{"?": true}
			}
		}
	}
}

// merged joins what the linker keeps once because its contents are the same.
func merged(all []stretch) (found []stretch) {
	for _, it := range all {
		if last := len(found) - 1; last >= 0 && found[last].address == it.address && found[last].size == it.size {
			for owner := range it.owners {
				found[last].owners[owner] = true
			}
			continue
		}
		owners := map[string]bool{}
		for owner := range it.owners {
			owners[owner] = true
		}
		it.owners = owners
		found = append(found, it)
	}
	return
}

// alone finds the long strings that the layout did not reach and whose contents stand in one place only.
func alone(parts []memory, live map[text]bool, texts map[text]map[string]bool, contents map[text][]byte, before []stretch) (found []stretch) {
	known := map[uint64]bool{}
	for _, it := range before {
		known[it.address+uint64(it.size)] = true
	}
	for it := range live {
		if it.size < 32 {
			continue
		}
		content := padded(contents[it], it.size)
		places, end := 0, uint64(0)
		for _, part := range parts {
			if at := bytes.Index(part.bytes, content); at >= 0 {
				places += 1 + bytes.Count(part.bytes[at+1:], content)
				end = part.address + uint64(at+it.size)
			}
		}
		if places == 1 && !known[end] {
			found = append(found, stretch{end - uint64(it.size), it.size, "string", texts[it], string(content[:min(it.size, 40)])})
		}
	}
	return
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
