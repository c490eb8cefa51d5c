// What the kernel itself does with privileged ports, and how far this process can see.
import type { KernelFacts } from "../../coverage/kernel-facts.ts";
import { nameToText } from "../../system/files/raw-name.ts";
import { appArmorActive, selinuxActive } from "../../system/host/confinement.ts";
import {
  localPortsFrom,
  lockdPorts,
  mountsOf,
  nfsMounts,
  plan9Mounts,
  securityModules,
  sunrpcPorts,
  unprivilegedStart,
} from "./kernel-texts.ts";
import { type KernelTexts, kernelTexts } from "./read-kernel-texts.ts";

/** `seesEveryProcess`: see KernelFacts. `texts`: what the kernel says now, or said on another host. */
export function observeKernel(seesEveryProcess: boolean, texts: KernelTexts = kernelTexts()): KernelFacts {
  const mounts = mountsOf(typeof texts.mounts === "string" ? texts.mounts : "");
  const from = texts.localPortRange === undefined ? undefined : localPortsFrom(texts.localPortRange);
  const plan9 = plan9Mounts(mounts).map(({ target, privport }) => ({ target: nameToText(target), privport }));
  return {
    release: texts.release,
    sunrpc: sunrpcPorts(texts.sunrpc),
    nfs: nfsMounts(mounts).map(({ target, noresvport, needsNoStatd }) => ({
      target: nameToText(target),
      noresvport,
      ...(needsNoStatd ? { needsNoStatd } : {}),
    })),
    ...(mounts.some(({ type }) => type === "nfsd") ? { nfsServer: true } : {}),
    ...(plan9.length === 0 ? {} : { plan9 }),
    lockd: lockdPorts(texts.lockd),
    unprivilegedPortStart: unprivilegedStart(texts.unprivilegedStart),
    ...(from === undefined ? {} : { localPortsFrom: from }),
    hasIpmi: texts.hasIpmi,
    seesEveryProcess,
    securityModules: securityModules(texts.securityModules) ?? confining(),
  };
}

/** The two that matter to us, where the kernel's list of modules cannot be read. */
function confining(): readonly string[] {
  return [...(appArmorActive("/") ? ["apparmor"] : []), ...(selinuxActive("/") ? ["selinux"] : [])];
}
