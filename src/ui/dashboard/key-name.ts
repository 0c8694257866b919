// One name for each key, from what Ink makes of the bytes that a terminal sends.
import type { Key } from "ink";

const named = [
  ["upArrow", "up"],
  ["downArrow", "down"],
  ["leftArrow", "left"],
  ["rightArrow", "right"],
  ["pageUp", "pageup"],
  ["pageDown", "pagedown"],
  ["home", "home"],
  ["end", "end"],
  ["return", "enter"],
  ["escape", "escape"],
  ["backspace", "backspace"],
  ["delete", "delete"],
] as const;

/**
 * The keys that were typed: several where they came at once, as when somebody is quick.
 * `up`, `enter`, `ctrl+c`, `shift+tab`, or the character itself.
 */
export function keyNames(input: string, key: Key): string[] {
  if (key.tab) return [key.shift ? "shift+tab" : "tab"];
  for (const [property, name] of named) if (key[property]) return [name];
  if (key.ctrl) return [`ctrl+${input}`];
  if (key.meta) return [];
  return Array.from(input, characterName);
}

/** What a character is called that came along with others, and so was not looked at by Ink. */
function characterName(character: string): string {
  if (character === "\r" || character === "\n") return "enter";
  if (character === "\t") return "tab";
  if (character === "\u007F" || character === "\b") return "backspace";
  const code = character.charCodeAt(0);
  return code >= 1 && code <= 26 ? `ctrl+${String.fromCharCode(code + 96)}` : character;
}
