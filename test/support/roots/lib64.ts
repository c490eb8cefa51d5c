// A C library whose loader puts "lib64" in the place of `$LIB`, as those of rpm's distributions do: Debian's own, for 64-bit
// programs on i386. As a layer it goes over a Debian root of amd64.
import { skipFor, skipReason } from "../can.ts";
import { debianRoot, noDebianRoot, type RootRequest } from "./debian.ts";
import { cached, makeOnce } from "./once.ts";

/** A folder with usr/lib64, once noLib64() has said nothing against it. `ldconfig` has to run in the machine before all else. */
export function lib64Layer(request: RootRequest): string {
  return cached("roots", `${request.suite}-lib64`, [debianRoot(request), FETCH]);
}

/** Undefined where both that root and its other C library can be had, else why not; an error where everything is required. */
export async function noLib64(request: RootRequest): Promise<string | undefined> {
  const lacking =
    process.arch === "x64"
      ? skipReason({ program: "dpkg-deb", package: "dpkg" })
      : "such a C library is for amd64 only";
  const reason = lacking ?? (await noDebianRoot(request));
  if (reason !== undefined) return reason;
  const failure = await makeOnce(lib64Layer(request), [FETCH, debianRoot(request)]);
  return skipFor(failure === undefined ? undefined : `libc6-amd64 could not be fetched: ${failure}`);
}

// apt of this machine, with the sources and keys of the root, for a machine of i386 on which nothing is installed.
const FETCH = `root=$0
mkdir -p "$FRESH/state/lists/partial" "$FRESH/cache/archives/partial" "$FRESH/tree" "$FRESH/usr/lib64" "$FRESH/etc/ld.so.conf.d"
: >"$FRESH/status"
apt="apt-get -q -y -o Dir::Etc=$root/etc/apt -o Dir::State=$FRESH/state -o Dir::State::status=$FRESH/status -o Dir::Cache=$FRESH/cache"
apt="$apt -o APT::Architecture=i386 -o APT::Architectures::=i386"
$apt update
cd "$FRESH/cache"
$apt download libc6-amd64
dpkg-deb -x libc6-amd64_*.deb "$FRESH/tree"
mv "$FRESH/tree/lib64"/* "$FRESH/usr/lib64/"
echo /usr/lib64 >"$FRESH/etc/ld.so.conf.d/00-lib64.conf"
cd "$FRESH"
rm -rf state cache tree status
chmod 755 "$FRESH"`;
