# A profile as an administrator writes one for rpc.statd: Debian ships none. The tests put a line in where the $ is.
include <tunables/global>
profile statd /{usr/,}sbin/rpc.statd {
  $BASE
  capability chown,
  capability net_bind_service,
  capability setgid,
  capability setpcap,
  capability setuid,
  network inet,
  network inet6,
  network netlink raw,
  network unix,
  /etc/{hosts,host.conf,netconfig,nsswitch.conf,group,passwd,protocols,resolv.conf,rpc,services} r,
  /etc/{bindresvport.blacklist,gai.conf,hosts.allow,hosts.deny,localtime} r,
  /etc/nfs.conf rk,
  /etc/nfs.conf.d/{,*} r,
  @{PROC}/** r,
  @{PROC}/sys/fs/nfs/nsm_local_state rw,
  /run/{,rpc.statd.pid,rpcbind.sock,sm-notify.pid} rwk,
  /run/rpc.statd.lock rwk,
  /var/lib/nfs/** rwk,
  /{usr/,}sbin/{rpc.statd,sm-notify} mrix,
  /dev/null rw,
}
