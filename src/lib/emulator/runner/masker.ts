// Replaces secrets by *** in everything that leaves the runner: console, logs, annotations, summaries.
// The encodings are those of actions/runner (src/Runner.Common/HostContext.cs, src/Sdk/DTLogging/Logging/ValueEncoders.cs).

function base64FromByte(value: string, first: number): string {
  const bytes = Buffer.from(value, "utf8");
  return (bytes.length > first ? bytes.subarray(first) : bytes).toString("base64");
}

const xmlEntities: Record<string, string> = { "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "&": "&amp;" };

/** Other spellings under which a secret may be printed. A secret inside longer base64 text may start at any of three bytes. */
const encoders: ((value: string) => string)[] = [
  (value) => base64FromByte(value, 0),
  (value) => base64FromByte(value, 1),
  (value) => base64FromByte(value, 2),
  (value) => value.replaceAll('"', '\\"'),
  (value) => value.replaceAll("'", "''"),
  (value) => JSON.stringify(value).slice(1, -1),
  (value) => encodeURIComponent(value.toWellFormed()),
  (value) => value.replace(/[<>"'&]/g, (character) => xmlEntities[character]!),
  (value) => (value.length > 8 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : ""),
];

export class Masker {
  readonly #values = new Set<string>();
  readonly #patterns: RegExp[] = [];

  /** Masks a value from now on, in all its encodings, whole and line by line. Empty values are ignored. */
  add(value: string): void {
    for (const part of [value, ...value.split(/[\r\n]+/)]) {
      const secret = part.trim();
      if (secret === "") continue;
      this.#values.add(secret);
      for (const encode of encoders) {
        const encoded = encode(secret);
        if (encoded !== "") this.#values.add(encoded);
      }
    }
  }

  /** Masks what a regular expression matches (a mask hint of the job message). One that JavaScript cannot read is masked as plain text. */
  addPattern(pattern: string): void {
    try {
      this.#patterns.push(new RegExp(pattern, "gu"));
    } catch {
      this.add(pattern);
    }
  }

  /** The text with every secret replaced by `***`; secrets that overlap become one. */
  mask(text: string): string {
    const ranges: [number, number][] = [];
    for (const value of this.#values) {
      for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + 1))
        ranges.push([at, at + value.length]);
    }
    for (const pattern of this.#patterns) {
      for (const match of text.matchAll(pattern)) {
        if (match[0] !== "") ranges.push([match.index, match.index + match[0].length]);
      }
    }
    if (ranges.length === 0) return text;
    ranges.sort((a, b) => a[0] - b[0]);
    let masked = "";
    let end = -1;
    let copied = 0;
    for (const [from, to] of ranges) {
      if (from > end) {
        masked += `${text.slice(copied, from)}***`;
      }
      end = Math.max(end, to);
      copied = end;
    }
    return masked + text.slice(copied);
  }
}
