// Reads the commands that an operator adds to the runner image, and refuses what cannot work in a build on Modal.
import { DockerfileError, type DockerfileFault, type Instruction, parseDockerfile } from "./dockerfile.ts";

const known = new Set(
  "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME WORKDIR".split(
    " ",
  ),
);

/**
 * The lines of a Dockerfile without FROM, for the end of ours.
 * @param file named in the error
 * @throws DockerfileError with every fault and its line
 */
export function readOwnCommands(text: string, file: string): string[] {
  const instructions = parseDockerfile(text, file);
  const faults = instructions.flatMap((instruction): DockerfileFault[] => {
    const message = faultOf(instruction);
    return message === undefined ? [] : [{ line: instruction.line, message }];
  });
  if (instructions.length === 0) faults.push({ line: 1, message: "there are no commands in it" });
  if (faults.length > 0) throw new DockerfileError(file, faults);
  return instructions.flatMap((instruction) => instruction.lines);
}

function faultOf({ keyword, rest }: Instruction): string | undefined {
  if (!known.has(keyword)) return `"${keyword}" is no instruction of a Dockerfile`;
  switch (keyword) {
    case "FROM":
      return "FROM is not for here: the commands go on top of the runner image. For a base of your own use --from";
    case "COPY":
      if (/(^|\s)--from=/.test(rest)) return undefined;
      return `COPY has nothing to copy from: a build on Modal has no folder of yours. ${instead}`;
    case "ADD": {
      const sources = rest
        .split(/\s+/)
        .filter((word) => !word.startsWith("--"))
        .slice(0, -1);
      if (sources.length > 0 && sources.every((source) => /^https?:\/\//.test(source))) return undefined;
      return `ADD has nothing to add from: a build on Modal has no folder of yours. ${instead}`;
    }
    case "RUN":
      for (const [, mount = ""] of rest.matchAll(/--mount=(\S+)/g)) {
        const isBind = !/(^|,)type=/.test(mount) || /(^|,)type=bind(,|$)/.test(mount);
        if (isBind && !/(^|,)from=/.test(mount)) {
          return `RUN --mount has nothing to mount: a build on Modal has no folder of yours. ${instead}`;
        }
      }
      return undefined;
    default:
      return undefined;
  }
}

const instead = "Download the file in a RUN, write it in one, or use an image that has it: --from";
