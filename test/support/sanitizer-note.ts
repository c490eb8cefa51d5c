// What install says of a host that has gcc's runtime for AddressSanitizer, where a test of something else sees the host's own /usr.

/** The text without it. */
export function withoutSanitizerNote(stderr: string): string {
  return stderr.replace(
    /[ \n]?portreservectl: note: programs that gcc has built with -fsanitize=address.*?-static-libasan\n?/s,
    "",
  );
}
