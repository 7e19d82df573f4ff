import type { BlockDevice, SmartAttribute } from "../../../gen/cloud/agent/api/hardware_pb.ts";

// Plain words for the SMART attributes that count damage, by attribute number.
const damage: Readonly<Record<number, string>> = {
  5: "reallocated sectors",
  187: "reported uncorrectable errors",
  196: "reallocation events",
  197: "pending sectors",
  198: "offline uncorrectable sectors",
};

const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`;

/** What a disk reports about its health, the worst first; "-" if it reports nothing. */
export function diskHealthWords(device: BlockDevice): string {
  const { mediaErrors, usageRatio, availableSpareRatio, temperatureCelsius, powerOnHours, smartAttribute } = device;
  const known = [mediaErrors, usageRatio, temperatureCelsius, powerOnHours].some((value) => value !== undefined);
  const damaged = smartAttribute.filter(({ number, failing }) => failing || Object.hasOwn(damage, number));
  const lesserWord = damaged.length > 0 ? "damaged" : known ? "ok" : "";
  const parts = [
    device.criticalWarning || damaged.some(({ failing }) => failing) ? "failing" : lesserWord,
    ...damaged.map((attribute) => attributeWords(attribute)),
    mediaErrors === undefined || mediaErrors === 0n || damaged.length > 0 ? "" : `${mediaErrors} media errors`,
    usageRatio === undefined ? "" : `${percent(usageRatio)} worn${limitWords(wearLimit(device))}`,
    availableSpareRatio === undefined || availableSpareRatio === 0
      ? ""
      : `${percent(availableSpareRatio)} spare${limitWords(device.availableSpareLimitRatio)}`,
    temperatureCelsius === undefined ? "" : `${temperatureCelsius} °C`,
    powerOnHours === undefined ? "" : `${powerOnHours} h`,
  ];
  return parts.filter((text) => text !== "").join(", ") || "-";
}

/**
 * Such as "12 reallocated sectors (100, limit 10)": the raw count, the normalised value, and the threshold at which the
 * maker calls the disk failing.
 */
function attributeWords({ number, name, raw, value, limit }: SmartAttribute): string {
  const what = damage[number] ?? `${name === "" ? "SMART attribute" : name.replaceAll("_", " ")} (${number})`;
  return `${raw} ${what} (mark ${value}, ${limit === 0 ? "no limit" : `limit ${limit}`})`;
}

/** The wear at which an SSD's normalised value reaches its threshold; undefined if it reports none. */
function wearLimit({ smartAttribute }: BlockDevice): number | undefined {
  const limits = smartAttribute
    .filter(({ number, limit }) => !Object.hasOwn(damage, number) && wearNumbers.has(number) && limit > 0)
    .map(({ limit }) => 1 - limit / 100);
  return limits.length === 0 ? undefined : Math.min(...limits);
}
const wearNumbers: ReadonlySet<number> = new Set([169, 173, 177, 202, 231, 233]);

function limitWords(ratio: number | undefined): string {
  return ratio === undefined || ratio === 0 ? "" : ` (limit ${percent(ratio)})`;
}
