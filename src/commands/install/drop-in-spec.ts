// The drop-in of one service as an artefact: which of our libraries it is to give, and what stays of it when one of them goes.
import { type Spec, textSpec } from "../../core/install/specs.ts";
import { DROP_IN_NAME, dropInPath, dropInText, isOurDropIn } from "../../core/systemd/drop-in.ts";
import { type DropInParts, ownPreload, partsGiven, type ShimKind } from "../../core/systemd/drop-in-wanted.ts";
import { unitName } from "../../core/systemd/unit-name.ts";
import { managerPreload } from "../../observe/units/read-manager-environment.ts";
import { dropInsCalled, readUnitText } from "../../observe/units/read-unit-files.ts";
import { readUnitTexts } from "../../observe/units/read-unit-texts.ts";
import { systemdRuns } from "../../system/host/systemd.ts";
import { OUR_LIBRARIES, UNIT_FOLDER } from "../../system/paths.ts";
import { findService, type Service, writtenService } from "./services.ts";

/** What the drop-in that is there gives; neither where there is none of ours. */
export function givenBy(root: string, unit: string): DropInParts {
  return partsGiven(unit, readUnitText(root, placeOf(unit))[0], OUR_LIBRARIES);
}

/** With the shim or its twin in it, beside the share library if that is there. */
export function withShim(root: string, service: Service, kind: ShimKind): Spec {
  return specFor(root, service, { ...givenBy(root, service.unit), shim: kind });
}

/** With the share library in it for these ports, beside the shim if that is there. */
export function withShare(root: string, service: Service, ports: readonly string[]): Spec {
  return specFor(root, service, { ...givenBy(root, service.unit), share: ports });
}

/** To be taken away, or if the other library is there too, to be left with that alone. A unit that has gone needs neither. */
export function withoutShim(root: string, service: Service): Spec {
  return taken(root, service, { ...givenBy(root, service.unit), shim: undefined });
}

export function withoutShare(root: string, service: Service): Spec {
  return taken(root, service, { ...givenBy(root, service.unit), share: undefined });
}

function taken(root: string, service: Service, left: DropInParts): Spec {
  const whole = specFor(root, service, { shim: undefined, share: undefined });
  if (service.paths.length === 0 || (left.shim === undefined && left.share === undefined)) return whole;
  return { ...whole, left: Buffer.from(textFor(root, service, left)) };
}

/** A drop-in that gives the share library, and the service that it is of: with no files where that is gone. */
export interface SharedService {
  readonly service: Service;
  readonly ports: readonly string[];
}

export function sharedServices(root: string): readonly SharedService[] {
  return unitsWithDropIn(root).flatMap((unit) => {
    const ports = givenBy(root, unit).share;
    return ports === undefined ? [] : [{ service: serviceCalled(root, unit), ports }];
  });
}

/** The units whose drop-ins give the twin that gives high ports. */
export function unitsWithHighPorts(root: string): readonly string[] {
  return unitsWithDropIn(root).filter((unit) => givenBy(root, unit).shim === "high");
}

function unitsWithDropIn(root: string): readonly string[] {
  return dropInsCalled(root, DROP_IN_NAME).flatMap(({ path }) => UNIT_OF.exec(path)?.[1] ?? []);
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
  return dropInText({
    preload: ownPreload({ unit, files, ...OUR_LIBRARIES, fromManager: () => managerPreload(root) }),
    ...(shim === undefined ? {} : { shim: OUR_LIBRARIES[shim], isHigh: shim === "high" }),
    ...(share === undefined ? {} : { share: OUR_LIBRARIES.share, ports: share }),
  });
}

function placeOf(unit: string): string {
  return `${UNIT_FOLDER}/${dropInPath(unit)}`;
}
