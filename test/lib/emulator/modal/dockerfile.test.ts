import { expect, test } from "vitest";
import { applyInstructions, parseDockerfile } from "../../../../src/lib/emulator/modal/dockerfile.ts";

function start(text: string, inherited: Record<string, string> = {}) {
  return applyInstructions(
    parseDockerfile(text, () => undefined),
    inherited,
  );
}

test.each([
  ["ENV A=1 B=2", { A: "1", B: "2" }],
  ["ENV A one  two", { A: "one  two" }],
  ['ENV A="two words" B=three\\ more\\ words', { A: "two words", B: "three more words" }],
  ["ENV PATH=/opt/bin:$PATH", { PATH: "/opt/bin:/bin" }],
  [`ENV PATH=/opt/bin:\${PATH}`, { PATH: "/opt/bin:/bin" }],
  ["ENV A='$PATH' B=\\$PATH C=\"\\$PATH\"", { A: "$PATH", B: "$PATH", C: "$PATH" }],
  [`ENV A=\${NONE:-default} B=\${PATH:+set} C=\${NONE:+set} D=$NONE`, { A: "default", B: "set", C: "", D: "" }],
  // A whole instruction sees the values from before it.
  ["ENV A=1\nENV A=2 B=$A", { A: "2", B: "1" }],
  ["ENV A=1 \\\n# a comment\n  B=2", { A: "1", B: "2" }],
  ["RUN <<EOF\nENV A=1\nEOF\nENV B=2", { B: "2" }],
  ["ARG V=7\nENV A=$V", { A: "7" }],
  ['ENV A="it\'s here"', { A: "it's here" }],
])("%j sets %j", (text, expected) => {
  expect(start(`FROM debian\n${text}`, { PATH: "/bin" }).env).toEqual({ PATH: "/bin", ...expected });
});

test("WORKDIR builds on the one before", () => {
  expect(start("FROM debian\nENV D=deep\nWORKDIR /a\nWORKDIR $D/er").workdir).toBe("/a/deep/er");
  expect(start("FROM debian").workdir).toBeUndefined();
});

test("ENTRYPOINT and CMD have an exec form and a shell form", () => {
  expect(start('FROM debian\nENTRYPOINT ["a", "b"]\nCMD c d')).toMatchObject({
    entrypoint: ["a", "b"],
    cmd: ["/bin/sh", "-c", "c d"],
  });
});

test("an ENTRYPOINT voids the CMD of the image below, not one beside it", () => {
  const base = parseDockerfile('FROM debian\nCMD ["below"]', () => undefined);
  const above = (text: string) =>
    applyInstructions(
      parseDockerfile(`FROM base\n${text}`, (name) => (name === "base" ? base : undefined)),
      {},
    );
  expect(above("").cmd).toEqual(["below"]);
  expect(above('ENTRYPOINT ["e"]').cmd).toEqual([]);
  expect(above('CMD ["beside"]\nENTRYPOINT ["e"]').cmd).toEqual(["beside"]);
});

test("the last stage counts, with what it takes from another", () => {
  const text = "FROM debian AS one\nENV A=1\nFROM debian AS two\nENV B=2\nFROM one\nENV C=3";
  expect(start(text).env).toEqual({ A: "1", C: "3" });
});
