// What `install` puts on a host for metrics, a timer that it does not enable; and what `uninstall` takes away once somebody has.
import { isOurMetrics, METRICS_TARGET, METRICS_TIMER, metricsUnitTexts } from "../systemd/metrics-unit-text.ts";
import { isOurUnit, packagedText } from "../systemd/unit-texts.ts";
import { folderOf, type Spec, textSpec, type UnitsChoice } from "./specs.ts";

/** `file`: where the metrics go, unless a drop-in says otherwise. */
export function metricsUnitSpecs(
  { folder, packaged, node, manager }: Omit<UnitsChoice, "watched">,
  file: string,
): readonly Spec[] {
  const units = packaged ?? folder;
  return metricsUnitTexts({ node, manager }, file).map(([name, text]) =>
    textSpec(`${units}/${name}`, packaged === undefined ? text : packagedText(text), isOurUnit, [
      units,
      folderOf(units),
    ]),
  );
}

/**
 * What is there once the timer was enabled: the link that 'systemctl enable' makes, to the unit by either name of a vendor's
 * folder, and the metrics themselves, which would be read for ever.
 */
export function metricsTraceSpecs(
  { folder, packaged }: Pick<UnitsChoice, "folder" | "packaged">,
  file: string,
): readonly Spec[] {
  const target = `${packaged ?? folder}/${METRICS_TIMER}`;
  const wants = `${folder}/${METRICS_TARGET}.wants`;
  return [
    {
      path: `${wants}/${METRICS_TIMER}`,
      wanted: { kind: "link", target },
      folders: [wants, folder],
      isOurs: (content) => content === target || (packaged !== undefined && `/usr${content}` === target),
    },
    textSpec(file, "", isOurMetrics, []),
  ];
}
