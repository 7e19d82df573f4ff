const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg\w*\//u, "Edge"],
  [/\bOPR\//u, "Opera"],
  [/\bFirefox\//u, "Firefox"],
  [/\b(?:Headless)?Chrom(?:e|ium)\//u, "Chrome"],
  [/\bSafari\//u, "Safari"],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/u, "Android"],
  [/\b(?:iPhone|iPad)\b/u, "iOS"],
  [/\bWindows\b/u, "Windows"],
  [/\bMac OS X\b/u, "macOS"],
  [/\bCrOS\b/u, "ChromeOS"],
  [/\bLinux\b/u, "Linux"],
];

/** "Firefox on Linux", from how a browser names itself; what is not known is shown as it came, in short. Pure. */
export function browserWords(userAgent: string): string {
  const browser = browsers.find(([pattern]) => pattern.test(userAgent))?.[1];
  const system = systems.find(([pattern]) => pattern.test(userAgent))?.[1];
  if (browser === undefined) {
    return userAgent === "" ? "not named" : userAgent.slice(0, 60);
  }
  return system === undefined ? browser : `${browser} on ${system}`;
}
