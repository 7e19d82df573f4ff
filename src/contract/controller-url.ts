/** A controller's address as an operator gave it, checked. */
export type ControllerUrl = { protocol: "redfish" | "ipmi"; url: string; tls: boolean };

const protocols = { "https:": "redfish", "http:": "redfish", "ipmi:": "ipmi" } as const;

/**
 * Reads a controller's address: `https://`, `http://` or `ipmi://`, a host, perhaps a port. For an invalid address: what is wrong with it. Pure.
 */
export function controllerUrlParse(text: string): ControllerUrl | { problem: string } {
  const url = URL.parse(text.startsWith("ipmi://") ? `http://${text.slice("ipmi://".length)}` : text);
  const scheme = /^[a-z]+:/u.exec(text)?.[0] ?? "";
  if (url === null || !Object.hasOwn(protocols, scheme) || url.hostname === "") {
    return { problem: "expected https://HOST, http://HOST or ipmi://HOST, with :PORT where it is another than usual" };
  }
  if (url.username !== "" || url.password !== "") {
    return { problem: "holds a user name or password: expected the address alone, and a credential beside it" };
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    // Not quoted: a query may hold a password.
    return { problem: "holds a path, a query or a fragment after the host: expected the host alone" };
  }
  const protocol = protocols[scheme as keyof typeof protocols];
  const host = protocol === "ipmi" ? ipmiHost(text, url) : url.host;
  return { protocol, url: `${scheme}//${host}`, tls: scheme === "https:" };
}

/** Host and port of an `ipmi://` address. Parsed as `http:`, it would lose port 80 and keep 623, its usual one. */
function ipmiHost(text: string, { hostname }: URL): string {
  const port = URL.parse(text)?.port ?? "";
  return port === "" || port === "623" ? hostname : `${hostname}:${port}`;
}
