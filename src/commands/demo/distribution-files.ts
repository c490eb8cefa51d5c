// Reservation files as Linux distributions really shipped them, byte for byte, for the demo and the tests.

/** One shipped file: its name in the configuration folder is the owner. */
export interface DistributionFile {
  readonly owner: string;
  /** The package that shipped it, and where. */
  readonly source: string;
  /** The whole file. */
  readonly content: string;
}

/** In order of owner. */
export const DISTRIBUTION_FILES: readonly DistributionFile[] = [
  { owner: "cups", source: "cups, RHEL 6", content: "ipp\n" },
  { owner: "dhcpd", source: "dhcp, RHEL 6", content: "dhcp-failover\ndhcp-failover2\n" },
  { owner: "discard", source: "SIMP Puppet module", content: "discard\n" },
  { owner: "dovecot", source: "dovecot, RHEL 6", content: "imap\nimaps\npop3\npop3s\n\n" },
  { owner: "kerberos-adm", source: "krb5-server, RHEL 6", content: "kerberos-adm/tcp\n" },
  { owner: "kerberos-iv", source: "krb5-server, RHEL 6", content: "kerberos-iv\n" },
  { owner: "krb5_prop", source: "krb5-server, RHEL 6", content: "krb5_prop/tcp\n" },
  { owner: "named", source: "bind, RHEL 6", content: "rndc/tcp\n" },
  { owner: "slapd", source: "openldap-servers, RHEL 6", content: "ldaps\n" },
  { owner: "spamd", source: "spamassassin, RHEL 6 and 7", content: "783\n" },
  { owner: "xhad", source: "xha, XenServer", content: "ha-cluster\n" },
];

/** The ports of Debian 12's bindresvport.blacklist in that file's grammar; the comments are ours. */
export const DISTRIBUTION_BLACKLIST = `# Ports that belong to well-known services.
631	# ipp
636	# ldaps
655	# tinc
774	# rpasswd
783	# spamassassin
873	# rsync
921	# lwresd
993	# imaps
995	# pop3s
`;
