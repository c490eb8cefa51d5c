# Watchers of status --watch: what each of them is told, whatever happens to the host and to it, as one JSON document.
import ctypes
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios

CTL = [os.environ["NODE"], os.environ["MANAGER"]]
OWNER = "/etc/portreserve/cups"
IN_CLOSE_NOWRITE, IN_OPEN = 0x10, 0x20


class Looks:
    """Tells when somebody opens a file of the configuration: every look does, and nobody else here."""

    def __init__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init()
        # Two equal events in a row would be one: between two openings there is a closing.
        if libc.inotify_add_watch(self.descriptor, OWNER.encode(), IN_OPEN | IN_CLOSE_NOWRITE) < 0:
            raise OSError(ctypes.get_errno(), OWNER)
        os.set_blocking(self.descriptor, False)
        self.count = 0

    def so_far(self):
        try:
            events = os.read(self.descriptor, 65536)
        except BlockingIOError:
            return self.count
        while events:
            _, mask, _, length = struct.unpack_from("iIII", events)
            self.count += 1 if mask & IN_OPEN else 0
            events = events[16 + length :]
        return self.count

    def wait_for(self, count):
        os.set_blocking(self.descriptor, True)
        while self.count < count:
            self.so_far()
        os.set_blocking(self.descriptor, False)
        return self


class Watcher:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [*CTL, "status", "--watch", *options],
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def document(self):
        return json.loads(self.process.stdout.readline())

    def end(self, number=None):
        if number is not None:
            self.process.send_signal(number)
        more, errors = self.process.communicate()
        return {"status": self.process.returncode, "stderr": errors.decode(), "more": more.decode()}


class Terminal:
    """A watcher whose standard output is a terminal, and whose user presses keys."""

    def __init__(self, errors, *options):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            settings = termios.tcgetattr(0)
            # A typed ^C must neither be shown nor throw away what was not read yet.
            settings[3] = (settings[3] & ~termios.ECHO) | termios.NOFLSH
            termios.tcsetattr(0, termios.TCSANOW, settings)
            os.dup2(os.open(errors, os.O_CREAT | os.O_WRONLY), 2)
            os.execve(CTL[0], [*CTL, "status", *options], {**os.environ, "TERM": "xterm", "NO_COLOR": "1"})
        self.shown = ""

    def until(self, text, times):
        while self.shown.count(text) < times:
            self.shown += os.read(self.descriptor, 65536).decode()

    def press(self, key):
        os.write(self.descriptor, key)

    def end(self):
        try:
            while True:
                self.shown += os.read(self.descriptor, 65536).decode()
        except OSError:  # its last user has closed it
            return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def reserve(port):
    """In one step: no look sees half of it."""
    with open("/etc/more", "w") as file:
        file.write(f"{port}\n")
    os.rename("/etc/more", f"/etc/portreserve/port{port}")


def signals():
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    watchers = [(number, Watcher("--json")) for number in numbers]
    documents = [watcher.document()["command"] for _, watcher in watchers]
    return {"documents": documents, "ends": {number.name: watcher.end(number) for number, watcher in watchers}}


def early():
    looks = Looks()
    watcher = Watcher("--json")
    looks.wait_for(1)
    end = watcher.end(signal.SIGINT)
    return {**end, "more": [json.loads(line)["command"] for line in end["more"].splitlines()]}


def changes():
    looks = Looks()
    watcher = Watcher("--json")
    documents = [watcher.document()]
    each = looks.so_far()
    # When the third look has begun, the second one, which saw nothing new, has said all that it will.
    looks.wait_for(2 * each + 1)
    os.set_blocking(watcher.process.stdout.fileno(), False)
    quiet = watcher.process.stdout.read()
    os.set_blocking(watcher.process.stdout.fileno(), True)

    def until(wanted):
        documents.append(watcher.document())
        while not wanted(documents[-1]):
            documents.append(watcher.document())

    # The reader of another one goes away: it ends though it has nothing more to say.
    unread = Watcher("--json")
    unread.document()
    unread.process.stdout.close()
    gone = {"stderr": unread.process.stderr.read().decode(), "status": unread.process.wait()}
    reserve(700)
    until(lambda document: document["totals"]["reserved"] == 4)
    subprocess.run([*CTL, "compile"], check=True, stdout=subprocess.DEVNULL)
    until(lambda document: document["table"]["state"] == "fresh" and not document["table"]["retired"])
    end = watcher.end(signal.SIGTERM)
    said = None if quiet is None else quiet.decode()
    return {"looks": each, "quiet": said, "documents": documents, "gone": gone, "end": end}


def both(errors):
    """What one look gives: piped, and on a terminal."""
    plain = subprocess.run([*CTL, "status"], check=True, capture_output=True, text=True).stdout
    once = Terminal(errors)
    once.end()
    return plain, once.shown.replace("\r\n", "\n")


def terminal():
    errors = f"{os.environ['SCRATCH']}/errors"
    looks = [both(errors)]
    screen, pipe = Terminal(errors, "--watch"), Watcher()
    screen.until("\x1b[H", 1)
    piped = pipe.process.stdout.readline().decode()
    reserve(700)
    looks.append(both(errors))
    plain, drawn = zip(*looks)
    screen.until("\x1b[H", 2)
    while f"\n\n{plain[1].splitlines()[0]}\n" not in piped:
        piped += pipe.process.stdout.readline().decode()
    screen.press(b"\x03")
    status = screen.end()
    end = pipe.end(signal.SIGTERM)
    return {
        "plain": plain,
        "drawn": drawn,
        "screen": {"status": status, "stderr": open(errors).read(), "shown": screen.shown.replace("\r\n", "\n")},
        "pipe": {**end, "more": piped + end["more"]},
    }


print(json.dumps({"signals": signals, "early": early, "changes": changes, "terminal": terminal}[sys.argv[1]]()))
