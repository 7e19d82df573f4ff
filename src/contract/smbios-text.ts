// Placeholders that firmware writes instead of a value, in the SMBIOS tables and in /sys/class/dmi/id. Collected from
// boards in the field; a text is dropped only if it consists entirely of such words.

/** Whole texts, in lower case with single blanks. */
const wholeTexts = new Set([
  ...["none", "null", "nil", "n/a", "na", "n.a.", "s/n", "sn", "p/n", "tbd", "t.b.d.", "tba", "oem", "o.e.m.", "o.e.m"],
  ...["unknown", "unknow", "undefined", "undef", "unspecified", "invalid", "empty", "blank", "reserved", "dummy"],
  ...["default", "other", "out of spec", "bad index", "no dimm", "no module", "no data", "void", "x", "0x0"],
]);

/** Names of fields: a text of only these words and fillers names the field and has no value. */
const fieldWords = words(
  "serial serials ser serialnumber serialno sernum num number asset assettag assetnumber assettagnum tag " +
    "manufacturer manufacture vendor product productname part partnumber partnum sku skunumber version family name",
);

/** Words for a missing value. */
const absenceWords = words(
  "default filled fill available applicable specified provided present installed populated programmed assigned set " +
    "defined defind specifed avail unknown unspecified undefined invalid none null empty blank",
);

const fillerWords = words(
  "no not to be by more oem system sys chassis enclosure cabinet base board baseboard mainboard motherboard mb " +
    "module modulepart memory dimm string value field information info is of the please tagged",
);

/** Numbered names of makers' templates: "SerNum0", "AssetTagNum3", "A1_Manufacturer00", "DIMM_B2_AssetTag". */
const countedName =
  /^(?:[\w() -]{1,32}_)?(?:manufacturer|vendor|ser(?:ial)?_?num(?:ber)?|asset_?tag(?:_?num(?:ber)?)?|(?:module)?_?part_?num(?:ber)?)_?\d{0,2}$/u;

/**
 * Typed digit sequences: 8 characters or more of one, after a few letters ("BSN12345678901234567", "MB-1234567890").
 */
const typedRows = ["0123456789", "9876543210", "0123456789abcdef", "00112233445566778899aabbccddeeff"].map((row) =>
  row.repeat(4),
);
const typedAtLeast = 8;
const letters = "abcdefghijklmnopqrstuvwxyz";
/** A shorter sequence may be a real number. */
const typedAlone = 6;
/** A character repeated at least this often; a shorter text may be a slot's or a board's real name. */
const sameAtLeast = 5;

/** Returns "" for a placeholder; otherwise the text, without bytes that were never written. Pure. */
export function meaningful(text: string): string {
  // A memory chip that was never written reads as 0xFF: "ÿ" in Latin-1, U+FFFD if it was decoded as UTF-8.
  const written = text.replace(/[\u00ff\ufffd\s]+$/u, "");
  return isPlaceholder(written) ? "" : written;
}

function isPlaceholder(text: string): boolean {
  const lower = text.toLowerCase().replaceAll(/\s+/gu, " ").trim();
  const bare = lower.replaceAll(/^[<([{"'$%]+|[>)\]}"'%!.]+$/gu, "");
  // Without a letter or digit: "........", "----", "???".
  if (!/[\p{L}\p{N}]/u.test(lower.replaceAll("ÿ", ""))) {
    return true;
  }
  return (
    wholeTexts.has(lower) ||
    wholeTexts.has(bare) ||
    countedName.test(lower) ||
    isSame(lower) ||
    isTyped(lower) ||
    isTemplate(text)
  );
}

/** "00000000", "XXXX-XXXX", "0.0", "FFFFFFFF", "1111111". */
function isSame(lower: string): boolean {
  const solid = lower.replaceAll(/[^\p{L}\p{N}]/gu, "");
  const [first = ""] = solid;
  if (!solid.split("").every((character) => character === first)) {
    return false;
  }
  return first === "0" || solid.length >= (first === "x" ? 2 : first === "f" ? 4 : sameAtLeast);
}

function isTyped(lower: string): boolean {
  const solid = lower.replaceAll(/[ _.:/-]/gu, "");
  if (solid.length >= typedAlone && (typedRows.some((row) => row.startsWith(solid)) || letters.startsWith(solid))) {
    return true;
  }
  if (solid.length >= typedAlone && typedRows[0]?.slice(1).startsWith(solid) === true) {
    return true;
  }
  const { front = "", row = "" } = /^(?<front>.*?)[ _.:#/-]*(?<row>\d+)$/u.exec(lower)?.groups ?? {};
  return (
    row.length >= typedAtLeast &&
    typedRows.slice(0, 2).some((typed) => typed.includes(row)) &&
    (/^[a-z]{0,6}$/u.test(front) || isTemplate(front))
  );
}

/** "To Be Filled By O.E.M.", "Type2 - Board Serial Number", "OEM Chassis Serial Number", "$(DEFAULT_STRING)". */
function isTemplate(text: string): boolean {
  const plain = text
    .replaceAll(/\bo\.\s?e\.\s?m\b\.?/giu, "oem")
    .replace(/^type ?\d{1,2}\b/iu, "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/gu, " ")
    .toLowerCase();
  const found = plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  return (
    found.some((word) => fieldWords.has(word) || absenceWords.has(word)) &&
    found.every((word) => fieldWords.has(word) || absenceWords.has(word) || fillerWords.has(word))
  );
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}
