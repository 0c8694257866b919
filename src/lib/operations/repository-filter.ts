// Which repositories an operator means by --repo.

/**
 * Whether a repository is one of those named: by `owner/name` or the name alone, in upper or lower case, as GitHub has it.
 * @param repository `owner/name`; null where it is not known
 */
export function isNamed(repository: string | null, names: readonly string[]): boolean {
  const own = repository?.toLowerCase();
  return names.some((name) => own === name.toLowerCase() || own?.split("/")[1] === name.toLowerCase());
}
