// The functions by which programs get "any privileged port": those that the shim replaces, and those that no preload reaches.

/** The shim replaces each of them. */
export const REPLACED = [
  "bindresvport",
  "bindresvport_sa",
  "rresvport",
  "rresvport_af",
  "gssrpc_bindresvport",
  "gssrpc_bindresvport_sa",
] as const;

/** glibc's, which call its own hidden rresvport_af. */
const HIDDEN_CALLERS = ["rcmd", "rcmd_af"] as const;

/** glibc's old RPC clients and servers, which call its own hidden bindresvport; only in these versions, since libtirpc has the same names. */
export const OLD_RPC = [
  "clnttcp_create",
  "clntudp_create",
  "clntudp_bufcreate",
  "clnt_create",
  "svctcp_create",
  "svcudp_create",
  "svcudp_bufcreate",
] as const;
const OLD_RPC_VERSION = /^GLIBC_/;
const OLD: ReadonlySet<string> = new Set(OLD_RPC);
const HIDDEN: ReadonlySet<string> = new Set([...HIDDEN_CALLERS, ...OLD_RPC]);

/** Every name that is worth looking for in a file. */
export const ALLOCATOR_NAMES: ReadonlySet<string> = new Set([...REPLACED, ...HIDDEN_CALLERS, ...OLD_RPC]);

/** "NAME", "NAME@VERSION" or "NAME@@VERSION" in its two parts; "" for no version. */
export function symbolParts(symbol: string): { readonly name: string; readonly version: string } {
  const [name = "", version = ""] = symbol.split(/@+/);
  return { name, version };
}

const OURS: ReadonlySet<string> = new Set(REPLACED);

/** Whether the shim replaces a symbol, in whatever version. */
export function isReplaced(symbol: string): boolean {
  const at = symbol.indexOf("@");
  return OURS.has(at === -1 ? symbol : symbol.slice(0, at));
}

/** The name of the first of these symbols that the shim replaces. */
export function replacedAmong(symbols: readonly string[]): string | undefined {
  const found = symbols.find(isReplaced);
  return found && symbolParts(found).name;
}

/** Whether a symbol of one of these names allocates: of the old RPC functions only glibc's versions do so unseen. */
export function isAllocating(name: string, version: string | undefined): boolean {
  return !OLD.has(name) || OLD_RPC_VERSION.test(version ?? "");
}

/** Whether it is one that calls libc's own hidden allocators, which no preload reaches. */
export function isHiddenCaller(name: string, version: string | undefined): boolean {
  return HIDDEN.has(name) && isAllocating(name, version);
}
