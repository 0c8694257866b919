import { describe, expect, it } from "vitest";
import { DockerfileError } from "../../../../src/lib/modal/images/dockerfile.ts";
import { readOwnCommands } from "../../../../src/lib/modal/images/own-commands.ts";

function faults(text: string): string[] {
  try {
    readOwnCommands(text, "extras");
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(DockerfileError);
    return (error as DockerfileError).message.split("\n");
  }
}

describe("an operator's own commands", () => {
  it("are taken line by line, without comments", () => {
    const text = [
      "# tools",
      "run apt-get update && \\",
      "  # in between",
      "  apt-get install -y ffmpeg",
      "",
      "ENV A=b",
      "RUN cat <<EOF >/etc/motd",
      "# no comment here",
      "FROM nothing",
      "EOF",
      "COPY --from=golang:1.27 /usr/local/go /usr/local/go",
      "ADD --checksum=sha256:00 https://example.org/a.tar /opt/",
      "RUN --mount=type=cache,target=/root/.cache true",
      "RUN echo $((1<<4)) && cat <<<here",
    ].join("\r\n");
    expect(readOwnCommands(text, "extras")).toEqual([
      "run apt-get update && \\",
      "  apt-get install -y ffmpeg",
      "ENV A=b",
      "RUN cat <<EOF >/etc/motd",
      "# no comment here",
      "FROM nothing",
      "EOF",
      "COPY --from=golang:1.27 /usr/local/go /usr/local/go",
      "ADD --checksum=sha256:00 https://example.org/a.tar /opt/",
      "RUN --mount=type=cache,target=/root/.cache true",
      "RUN echo $((1<<4)) && cat <<<here",
    ]);
  });

  it("are refused with every fault and its line", () => {
    const text = [
      "FROM debian",
      "RUN true",
      "COPY . \\",
      "  /app",
      "ADD local.tar /",
      "RUM ls",
      "RUN --mount=target=/src ls",
    ];
    expect(faults(text.join("\n"))).toEqual([
      expect.stringMatching(/^extras:1: FROM is not for here.*--from$/),
      expect.stringMatching(/^extras:3: COPY has nothing to copy from/),
      expect.stringMatching(/^extras:5: ADD has nothing to add from/),
      expect.stringMatching(/^extras:6: "RUM" is no instruction/),
      expect.stringMatching(/^extras:7: RUN --mount has nothing to mount/),
    ]);
  });

  it.each([
    ["RUN a\nRUN cat <<-'END' >x\n\ttext\n", "extras:2: this instruction has a heredoc without its end, END"],
    ["RUN a && \\", "extras:1: this instruction ends in a backslash, and nothing follows"],
    ["# nothing\n", "extras:1: there are no commands in it"],
  ])("that have no end are refused: %j", (text, fault) => {
    expect(faults(text)).toEqual([fault]);
  });
});
