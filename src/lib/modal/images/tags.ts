// The tags under which runner images are published. A marked tag, `mgha-<runner version>-<YYYYMMDDhhmmss>[-docker|-cuda]`,
// says that an image is ours, and what is in it.

export const variants = ["standard", "docker", "cuda"] as const;
/** `docker`: with an engine inside, for VM pools. `cuda`: on a CUDA base. */
export type Variant = (typeof variants)[number];

export interface MarkedTag {
  runnerVersion: string;
  variant: Variant;
  /** Milliseconds since the epoch, to the second. */
  builtAt: number;
}

const pattern = /^mgha-(\d+\.\d+\.\d+)-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:-(docker|cuda))?$/;

export function formatTag({ runnerVersion, variant, builtAt }: MarkedTag): string {
  const time = new Date(builtAt).toISOString().slice(0, 19).replace(/\D/g, "");
  return `mgha-${runnerVersion}-${time}${variant === "standard" ? "" : `-${variant}`}`;
}

/** @returns undefined for a tag that is not ours */
export function parseTag(tag: string): MarkedTag | undefined {
  const [, runnerVersion = "", ...rest] = pattern.exec(tag) ?? [];
  if (runnerVersion === "") return undefined;
  const [year, month, day, hour, minute, second] = rest.slice(0, 6).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const builtAt = Date.UTC(year, month - 1, day, hour, minute, second);
  const marked = { runnerVersion, variant: (rest[6] as Variant | undefined) ?? "standard", builtAt };
  // No day 31 of February.
  return formatTag(marked) === tag ? marked : undefined;
}

export interface ImageReference {
  /** `[prefix/]name`. */
  name: string;
  tag: string;
}

/** Splits an image's name as the policy has it: `[prefix/]name[:tag]`; without a tag it means `latest`. */
export function parseReference(reference: string): ImageReference {
  const at = reference.lastIndexOf(":");
  if (at <= reference.lastIndexOf("/")) return { name: reference, tag: "latest" };
  return { name: reference.slice(0, at), tag: reference.slice(at + 1) };
}

/** Whether a prefix names a workspace beside the Environment: `workspace/environment/name`. */
export function isOfAnotherWorkspace(name: string): boolean {
  return name.split("/").length > 2;
}
