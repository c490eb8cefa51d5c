# Opens sockets of every kind on privileged ports, runs the command it is given, and leaves. Its child shares one of them.
import os
import socket
import subprocess
import sys

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
V4, V6 = socket.AF_INET, socket.AF_INET6


def bound(family, kind, address, port):
    one = socket.socket(family, kind)
    if family == V6:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if address == "::" else 1)
    one.bind((address, port))
    return one


def listening(family, address, port):
    one = bound(family, TCP, address, port)
    one.listen()
    return one


def connected(family, kind, address, port, to):
    one = bound(family, kind, address, port)
    one.connect(to)
    return one


shared = listening(V4, "127.0.0.1", 601)
child = os.fork()
if child == 0:
    os.read(0, 1)
    os._exit(0)

keep = [
    bound(V4, TCP, "0.0.0.0", 602),
    bound(V6, TCP, "::1", 603),
    listening(V6, "::", 604),
    bound(V4, UDP, "127.0.0.2", 605),
    connected(V4, UDP, "127.0.0.1", 606, ("127.0.0.1", 605)),
    bound(V6, UDP, "::", 607),
    connected(V6, UDP, "::1", 608, ("::1", 607)),
    listening(V4, "127.0.0.1", 2049),
    bound(V4, UDP, "0.0.0.0", 1024),
    bound(V4, UDP, "0.0.0.0", 1023),
    bound(V4, UDP, "0.0.0.0", 1),
]
# A connection of each family, the IPv4 one to a listener of both.
keep.append(connected(V4, TCP, "127.0.0.1", 609, ("127.0.0.1", 604)))
keep.append(keep[2].accept()[0])
# A connection that nobody accepts, and one that ended at this side first.
keep.append(connected(V4, TCP, "127.0.0.1", 610, ("127.0.0.1", 2049)))
ended = connected(V6, TCP, "::1", 611, ("::1", 604))
other = keep[2].accept()[0]
ended.close()
other.recv(1)
other.close()

# Its server's side has no inode yet.
waiting = socket.create_connection(("127.0.0.1", 601))

names = {"PARENT": str(os.getpid()), "CHILD": str(child)}
print("pids %d %d" % (os.getpid(), child), flush=True)
status = subprocess.run(sys.argv[1:], env={**os.environ, **names}).returncode
os.kill(child, 9)
sys.exit(status)
