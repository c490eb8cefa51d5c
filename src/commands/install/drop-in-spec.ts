// The drop-in of one service as an artefact: which of our libraries it is to give, and what stays of it when one of them goes.
import { type Spec, textSpec } from "../../core/install/specs.ts";
import { DROP_IN_NAME, dropInPath, dropInText, isOurDropIn } from "../../core/systemd/drop-in.ts";
import { type DropInParts, ownPreload, partsGiven } from "../../core/systemd/drop-in-wanted.ts";
import { unitName } from "../../core/systemd/unit-name.ts";
import { managerPreload } from "../../observe/units/read-manager-environment.ts";
import { dropInsCalled, readUnitText } from "../../observe/units/read-unit-files.ts";
import { readUnitTexts } from "../../observe/units/read-unit-texts.ts";
import { systemdRuns } from "../../system/host/systemd.ts";
import { INSTALLED_SHARE, INSTALLED_SHIM, UNIT_FOLDER } from "../../system/paths.ts";
import { findService, type Service, writtenService } from "./services.ts";

/** What the drop-in that is there gives; neither where there is none of ours. */
export function givenBy(root: string, unit: string): DropInParts {
  return partsGiven(unit, readUnitText(root, placeOf(unit))[0], INSTALLED_SHARE);
}

/** With `part` in it, beside the other one if that is there. */
export function withPart(root: string, service: Service, part: keyof DropInParts): Spec {
  return specFor(root, service, { ...givenBy(root, service.unit), [part]: true });
}

/** To be taken away, or if the other part is there too, to be left with that alone. A unit that has gone needs neither. */
export function withoutPart(root: string, service: Service, part: keyof DropInParts): Spec {
  const { unit, paths } = service;
  const left = { ...givenBy(root, unit), [part]: false };
  const whole = specFor(root, service, { shim: false, share: false });
  if (paths.length === 0 || (!left.shim && !left.share)) return whole;
  return { ...whole, left: Buffer.from(textFor(root, service, left)) };
}

/** For all drop-ins that give the share library: what takes it out of them. */
export function withoutShare(root: string): readonly Spec[] {
  const names = dropInsCalled(root, DROP_IN_NAME).flatMap(({ path }) => UNIT_OF.exec(path)?.[1] ?? []);
  return names
    .filter((unit) => givenBy(root, unit).share)
    .map((unit) => withoutPart(root, serviceCalled(root, unit), "share"));
}

const UNIT_OF = /([^/]+)\.d\/[^/]+$/;

/** No files where there is no such service any more. */
function serviceCalled(root: string, unit: string): Service {
  const name = unitName(unit);
  const gone = { unit, paths: [], files: [] };
  if ("message" in name) return gone;
  if (systemdRuns(root)) {
    const found = findService(root, unit);
    return "unit" in found ? found : gone;
  }
  const { paths } = writtenService(root, name);
  return { unit, paths, files: readUnitTexts(root, paths) };
}

function specFor(root: string, service: Service, parts: DropInParts): Spec {
  const folders = [`${UNIT_FOLDER}/${service.unit}.d`, UNIT_FOLDER];
  return textSpec(placeOf(service.unit), textFor(root, service, parts), isOurDropIn, folders);
}

/** Its libraries without ours, as the unit's files say them; those that systemd itself gives to all where they say nothing. */
function textFor(root: string, { unit, files }: Service, { shim, share }: DropInParts): string {
  const ours = { shim: INSTALLED_SHIM, share: INSTALLED_SHARE };
  return dropInText({
    preload: ownPreload({ unit, files, ...ours, fromManager: () => managerPreload(root) }),
    ...(shim ? { shim: ours.shim } : {}),
    ...(share ? { share: ours.share } : {}),
  });
}

function placeOf(unit: string): string {
  return `${UNIT_FOLDER}/${dropInPath(unit)}`;
}
