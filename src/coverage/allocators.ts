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
export const HIDDEN_CALLERS = ["rcmd", "rcmd_af"] as const;

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
export const OLD_RPC_VERSION = /^GLIBC_/;

/** Every name that is worth looking for in a file. */
export const ALLOCATOR_NAMES: ReadonlySet<string> = new Set([...REPLACED, ...HIDDEN_CALLERS, ...OLD_RPC]);
