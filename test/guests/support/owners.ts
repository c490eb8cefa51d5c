// A host with twenty real services, each on a privileged port that allocators hand out, configured as their packages let one.
export interface Owner {
  /** Without ".service". */
  readonly unit: string;
  /** 512 to 1023. */
  readonly port: number;
  /** Whether it serves UDP there too. */
  readonly udp?: true;
}

/** Each sets SO_REUSEADDR itself. */
export const OWNERS: readonly Owner[] = [
  { unit: "cups", port: 631 },
  { unit: "krb5-admin-server", port: 749 },
  { unit: "krb5-kdc", port: 750, udp: true },
  { unit: "rsync", port: 873 },
  { unit: "dovecot", port: 993 },
  { unit: "slapd", port: 636 },
  { unit: "ssh", port: 922 },
  { unit: "nginx", port: 801 },
  { unit: "apache2", port: 802 },
  { unit: "lighttpd", port: 803 },
  { unit: "haproxy", port: 804 },
  { unit: "stunnel4", port: 990 },
  { unit: "unbound", port: 853, udp: true },
  { unit: "vsftpd", port: 821 },
  { unit: "rsyslog", port: 914 },
  { unit: "dnsmasq", port: 953, udp: true },
  { unit: "tinc@lab", port: 655, udp: true },
  { unit: "redis-server", port: 979 },
  { unit: "mosquitto", port: 983 },
  { unit: "named", port: 989, udp: true },
];

export const OWNER_PACKAGES: readonly string[] = [
  ...["systemd", "systemd-sysv", "dbus", "netbase", "iproute2", "procps", "util-linux", "openssl"],
  ...["cups-daemon", "cups-browsed", "krb5-kdc", "krb5-admin-server", "rsync", "dovecot-imapd", "slapd"],
  ...["openssh-server", "nginx", "apache2", "lighttpd", "haproxy", "stunnel4", "unbound", "vsftpd", "rsyslog"],
  ...["dnsmasq", "tinc", "redis-server", "mosquitto", "bind9"],
];

const dropIn = (unit: string, text: string): Readonly<Record<string, string>> => ({
  [`/etc/systemd/system/${unit}.service.d/lab.conf`]: text,
});

/** What an administrator would have written, so that each serves on its port and nothing else that is in the way. */
export const OWNER_FILES: Readonly<Record<string, string>> = {
  "/etc/krb5.conf": `[libdefaults]
default_realm = LAB.EXAMPLE
[realms]
LAB.EXAMPLE = {
  kdc = localhost
  admin_server = localhost
}
`,
  "/etc/krb5kdc/kdc.conf": "[kdcdefaults]\nkdc_ports = 750\nkdc_tcp_ports = 750\n",
  "/etc/krb5kdc/kadm5.acl": "",
  "/etc/rsyncd.conf": "[files]\npath = /srv\n",
  "/etc/default/slapd":
    'SLAPD_USER="openldap"\nSLAPD_GROUP="openldap"\nSLAPD_SERVICES="ldap://127.0.0.1:636/ ldapi:///"\n',
  "/etc/ssh/sshd_config.d/lab.conf": "Port 922\n",
  "/etc/nginx/nginx.conf": `user www-data;
pid /run/nginx.pid;
events {}
http { server { listen 801; listen [::]:801; root /srv; } }
`,
  "/etc/apache2/ports.conf": "Listen 802\n",
  "/etc/lighttpd/lighttpd.conf": `server.document-root = "/srv"
server.port = 803
server.username = "www-data"
server.groupname = "www-data"
`,
  "/etc/haproxy/haproxy.cfg": `global
defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend lab
  bind :804
  default_backend lab
backend lab
  server one 127.0.0.1:801
`,
  "/etc/stunnel/lab.conf": "cert = /etc/lab.pem\n[lab]\naccept = 990\nconnect = 801\n",
  "/etc/default/stunnel4": "ENABLED=1\n",
  "/etc/unbound/unbound.conf.d/lab.conf":
    "server:\n  interface: 127.0.0.1@853\n  interface: ::1@853\n  port: 853\nremote-control:\n  control-enable: no\n",
  "/etc/vsftpd.conf":
    "listen=YES\nlisten_port=821\nanonymous_enable=NO\nlocal_enable=YES\nsecure_chroot_dir=/var/run/vsftpd/empty\n",
  "/etc/rsyslog.d/lab.conf": 'module(load="imtcp")\ninput(type="imtcp" port="914")\n',
  "/etc/dnsmasq.d/lab.conf": "port=953\nno-resolv\nbind-dynamic\n",
  "/etc/tinc/lab/tinc.conf": "Name=lab\nDeviceType=dummy\n",
  "/etc/tinc/lab/hosts/lab": "Port=655\n",
  "/etc/redis/redis.conf": "bind 127.0.0.1 ::1\nport 979\nsupervised systemd\ndir /tmp\n",
  ...dropIn("redis-server", "[Service]\nUser=root\nGroup=root\nCapabilityBoundingSet=~\nPrivateUsers=no\n"),
  "/etc/mosquitto/mosquitto.conf": "listener 983\nallow_anonymous true\nuser root\n",
  ...dropIn("mosquitto", "[Service]\nUser=root\n"),
  "/etc/bind/named.conf": `options {
  directory "/var/cache/bind";
  listen-on port 989 { 127.0.0.1; };
  listen-on-v6 { none; };
};
controls { };
`,
};

/** Run once in a fresh guest: keys, a realm, and what else only a program can make. */
export const PREPARE_OWNERS = `set -e
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=lab -days 30 -keyout /etc/key.pem -out /etc/cert.pem 2>/dev/null
cat /etc/key.pem /etc/cert.pem >/etc/lab.pem
kdb5_util create -s -r LAB.EXAMPLE -P secret >/dev/null 2>&1
tincd -n lab -K2048 </dev/null >/dev/null 2>&1
a2dissite -q 000-default >/dev/null 2>&1 || :
ssh-keygen -A >/dev/null
mkdir -p /run/sshd /srv
systemctl stop ssh.socket 2>/dev/null || :
systemctl daemon-reload
`;
