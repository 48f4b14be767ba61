/**
 * Makes a copy of a native add-on run on glibc before 2.38.
 *
 * The add-on asks for GLIBC_2.38 only because its compiler renamed three C functions to their C23 forms. Their classic
 * names do the same for what it calls them with, so in the copy these symbols point to the classic names and to the
 * oldest version of libc, and the demand for 2.38 becomes optional.
 * Source: ELF-64 object file format; System V ABI, symbol versioning.
 */

const SECTION = { dynamicSymbols: 11, versionNeeds: 0x6ffffffe, versions: 0x6fffffff } as const;
const SYMBOL_BYTES = 24;
const PREFIX = '__isoc23_';
const RENAMED = new Set(
  ['strtol', 'strtoul', 'strtoll', 'strtoull', 'sscanf'].map((n) => PREFIX + n),
);
const WANTED = 'GLIBC_2.38';
/** The first glibc of x64 and of arm64: every libc has it. */
const OLDEST = ['GLIBC_2.2.5', 'GLIBC_2.17'];
const WEAK_FLAG = 2;
const VERSION_MASK = 0x7fff;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

interface VersionNeed {
  readonly index: number;
  /** Where its entry stands in the file. */
  readonly at: number;
}

/**
 * Returns a patched copy of an ELF64 file.
 *
 * @throws Error when the file is no little-endian ELF64, does not need GLIBC_2.38, or needs anything of it that is not
 * one of the known functions.
 */
export function withoutGlibc238(original: Uint8Array): Buffer {
  const file = Buffer.from(original);
  const isElf64 = file.readUInt32BE(0) === 0x7f454c46 && file[4] === 2 && file[5] === 1;
  if (!isElf64) throw new Error('not a little-endian ELF64 file');
  const sections = readSections(file);
  const symbols = sectionOf(sections, SECTION.dynamicSymbols);
  const versions = sectionOf(sections, SECTION.versions);
  const strings = sections[symbols.link];
  if (strings === undefined) throw new Error('the symbols have no names');
  const needs = readNeeds(file, sectionOf(sections, SECTION.versionNeeds), strings);
  const wanted = needs.get(WANTED);
  const oldest = OLDEST.map((name) => needs.get(name)).find((need) => need !== undefined);
  if (wanted === undefined || oldest === undefined) throw new Error(`does not need ${WANTED}`);
  for (let index = 0; index * SYMBOL_BYTES < symbols.size; index += 1) {
    const versionAt = versions.offset + index * 2;
    if ((file.readUInt16LE(versionAt) & VERSION_MASK) !== wanted.index) continue;
    const symbolAt = symbols.offset + index * SYMBOL_BYTES;
    const nameAt = file.readUInt32LE(symbolAt);
    const name = readString(file, strings.offset + nameAt);
    if (!RENAMED.has(name)) throw new Error(`needs ${name} of ${WANTED}`);
    // The classic name is the tail of the new one: the same string table serves.
    file.writeUInt32LE(nameAt + PREFIX.length, symbolAt);
    file.writeUInt16LE(oldest.index, versionAt);
  }
  file.writeUInt16LE(file.readUInt16LE(wanted.at + 4) | WEAK_FLAG, wanted.at + 4);
  return file;
}

function readSections(file: Buffer): readonly Section[] {
  const tableAt = Number(file.readBigUInt64LE(0x28));
  const entryBytes = file.readUInt16LE(0x3a);
  return Array.from({ length: file.readUInt16LE(0x3c) }, (_, index) => {
    const at = tableAt + index * entryBytes;
    return {
      type: file.readUInt32LE(at + 4),
      offset: Number(file.readBigUInt64LE(at + 24)),
      size: Number(file.readBigUInt64LE(at + 32)),
      link: file.readUInt32LE(at + 40),
      info: file.readUInt32LE(at + 44),
    };
  });
}

function sectionOf(sections: readonly Section[], type: number): Section {
  const found = sections.find((section) => section.type === type);
  if (found === undefined) throw new Error('no dynamic symbols with versions');
  return found;
}

// Versions of libc that the file needs, by name.
function readNeeds(file: Buffer, section: Section, strings: Section): Map<string, VersionNeed> {
  const needs = new Map<string, VersionNeed>();
  let at = section.offset;
  for (let index = 0; index < section.info; index += 1) {
    const library = readString(file, strings.offset + file.readUInt32LE(at + 4));
    let entryAt = at + file.readUInt32LE(at + 8);
    for (let entry = 0; entry < file.readUInt16LE(at + 2); entry += 1) {
      const name = readString(file, strings.offset + file.readUInt32LE(entryAt + 8));
      const need = { index: file.readUInt16LE(entryAt + 6), at: entryAt };
      if (library.startsWith('libc.so')) needs.set(name, need);
      entryAt += file.readUInt32LE(entryAt + 12);
    }
    at += file.readUInt32LE(at + 12);
  }
  return needs;
}

function readString(file: Buffer, at: number): string {
  return file.toString('latin1', at, file.indexOf(0, at));
}
