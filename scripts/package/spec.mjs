// The spec of the rpm package. What it packs is laid out already: it has no %prep and no %build.
import { DESCRIPTION, MAINTAINER, NAME, SUMMARY } from "./texts.mjs";

/** What no two machines are to say differently, and what rpmbuild would do to files that are finished. */
const MACROS = [
  ["_buildhost", "reproducible"],
  ["use_source_date_epoch_as_buildtime", "1"],
  ["clamp_mtime_to_source_date_epoch", "1"],
  ["source_date_epoch_from_changelog", "0"],
  ["_build_id_links", "none"],
  ["_binary_payload", "w6.xzdio"],
  ["_source_filedigest_algorithm", "8"],
  ["_binary_filedigest_algorithm", "8"],
  ["debug_package", "%{nil}"],
  ["__os_install_post", "%{nil}"],
];

/** Where a scriptlet begins; triggers are for the reservations that other packages have. */
const SECTIONS = {
  transfiletriggerin: "%transfiletriggerin -- /etc/portreserve",
  transfiletriggerpostun: "%transfiletriggerpostun -- /etc/portreserve",
};

/** By which a library or program says on every distribution of rpm's that it is there; the packages have different names. */
const NEEDS = ["libc.so.6(GLIBC_2.28)(64bit)", "libgcc_s.so.1()(64bit)", "libstdc++.so.6(GLIBCXX_3.4.21)(64bit)"];

/** `tree`: the folder in which `entries` were written. `version`: with the release behind the last '-'. */
export function specText({ version, epoch, entries, scripts, tree }) {
  const [, upstream, release] = /^(.*)-([^-]*)$/.exec(version);
  return `${MACROS.map(([name, value]) => `%global ${name} ${value}`).join("\n")}

Name: ${NAME}
Version: ${upstream}
Release: ${release}
Summary: ${SUMMARY.replace(/^./, (letter) => letter.toUpperCase())}
License: MIT
Packager: ${MAINTAINER}
# What its programs need is known, and some of it is for libraries that a machine may not have.
AutoReqProv: no
# Not 'nodejs', whose epoch differs between distributions, so that no version of it could be named.
Requires: nodejs(engine) >= 18.19
${NEEDS.map((need) => `Requires: ${need}`).join("\n")}
Requires: /bin/sh
Requires(pre): coreutils grep
Requires(preun): coreutils grep sed
Conflicts: portreserve
Provides: portreserve = ${upstream}

%description
${DESCRIPTION.map(plain).join("\n\n")}

%install
cp -a '${plain(tree)}/.' '%{buildroot}'

${scripts.map(([name, text]) => `${SECTIONS[name] ?? `%${name}`}\n${plain(bodyOf(text))}`).join("\n")}
%files
${filesText(entries)}

%changelog
* ${changelogDate(epoch)} ${MAINTAINER} - ${version}
- Made from the sources of this version by 'npm run package:rpm'; CHANGELOG.md
  says what has changed.
`;
}

/** rpm starts its scripts with a shell of its own choice, which is sh. */
function bodyOf(text) {
  return text.replace(/^#!.*\n/, "");
}

/** rpmbuild expands what follows a '%'. */
function plain(text) {
  return text.replaceAll("%", "%%");
}

/** Of these a distribution has the ones that it needs itself; a folder may belong to several packages. */
const SHARED = /^usr\/share\/(fish|zsh)(\/|$)/;

/** Other folders of the distribution are not the package's. */
function filesText(entries) {
  const own = new Set();
  for (const { path: file } of entries) {
    for (let end = file.lastIndexOf("/"); end > 0; end = file.lastIndexOf("/", end - 1)) {
      const folder = file.slice(0, end);
      if (/\/portreserve(ctl)?(\/|$)/.test(folder) || SHARED.test(folder)) own.add(folder);
    }
  }
  const lines = [
    "%defattr(-,root,root,0755)",
    ...[...own].sort().map((folder) => `%dir "/${folder}"`),
    ...entries.map(({ path: file }) => `${kindOf(file)}"/${plain(file)}"`),
  ];
  return lines.join("\n");
}

function kindOf(file) {
  if (file.startsWith("usr/share/licenses/")) return "%license ";
  return /^usr\/share\/(doc|man)\//.test(file) ? "%doc " : "";
}

/** As rpm wants it: 'Mon Nov 30 2026'. */
function changelogDate(epoch) {
  const [, day, date, month, year] = /^(\w+), (\d+) (\w+) (\d+)/.exec(new Date(epoch * 1000).toUTCString());
  return `${day} ${month} ${date} ${year}`;
}
