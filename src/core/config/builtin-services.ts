// Well-known names below port 1024, for hosts whose services file lacks them: each holds for tcp and udp alike.

/** From the IANA service name registry, and the names of MIT Kerberos that reservation files use (750, 751, 754). */
const TABLE = `
echo 7
discard 9 sink null
systat 11 users
daytime 13
chargen 19
ftp-data 20
ftp 21
ssh 22
telnet 23
smtp 25 mail
time 37
nicname 43 whois
tacacs 49
domain 53
bootps 67
bootpc 68
tftp 69
gopher 70
finger 79
http 80 www
kerberos 88
pop3 110
sunrpc 111 portmapper
auth 113 ident
nntp 119
ntp 123
epmap 135
netbios-ns 137
netbios-dgm 138
netbios-ssn 139
imap 143
snmp 161
snmptrap 162
xdmcp 177
bgp 179
ldap 389
svrloc 427
https 443
microsoft-ds 445
kpasswd 464
submissions 465
isakmp 500
exec 512
login 513
shell 514
syslog 514
printer 515
talk 517
ntalk 518
uucp 540
klogin 543
kshell 544
dhcpv6-client 546
dhcpv6-server 547
afpovertcp 548
rtsp 554
nntps 563
submission 587
asf-rmcp 623
ipp 631
ldaps 636
msdp 639
ldp 646
dhcp-failover 647
tinc 655
asf-secure-rmcp 664
acap 674
ha-cluster 694
silc 706
kerberos-adm 749
kerberos-iv 750
kerberos_master 751
krb5_prop 754 krb_prop
netconf-ssh 830
dhcp-failover2 847
gdoi 848
domain-s 853
iscsi 860
rsync 873
rndc 953
ftps-data 989
ftps 990
telnets 992
imaps 993
pop3s 995
`;

/** Names and aliases, each with its port, 1 to 1023. */
export const BUILTIN_SERVICES: ReadonlyMap<string, number> = new Map(
  TABLE.trim()
    .split("\n")
    .flatMap((row) => {
      const [name = "", port, ...aliases] = row.split(" ");
      return [name, ...aliases].map((known): [string, number] => [known, Number(port)]);
    }),
);
