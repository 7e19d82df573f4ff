import { expect, test } from "vitest";
import { tokenServer } from "./token-server.ts";

const ask = (registry: string, challenge: string, tokenHosts: string[] = [], asked = registry) =>
  tokenServer({
    answer: { url: new URL(`${asked}/v2/a/manifests/x`), headers: { "www-authenticate": challenge } },
    registry: new URL(registry),
    tokenHosts,
  });

test.each<[string, string, string, string[]?]>([
  ["https://r.test", 'Bearer realm="https://r.test/t",service="s",scope="x"', "https://r.test/t?service=s&scope=x"],
  ["https://r.test", 'Basic realm="r", Bearer realm="https://r.test/t"', "https://r.test/t"],
  ["https://r.test", 'Bearer realm="https://r.test/t", Basic realm="r"', "https://r.test/t"],
  ["https://r.test", 'Bearer realm="/t?a=b",service="s"', "https://r.test/t?a=b&service=s"],
  ["https://r.test", 'Bearer realm="../../token"', "https://r.test/v2/token"],
  ["https://registry-1.docker.io", 'Bearer realm="https://auth.docker.io/token"', "https://auth.docker.io/token"],
  ["https://registry.gitlab.com", 'Bearer realm="https://gitlab.com/jwt/auth"', "https://gitlab.com/jwt/auth"],
  ["https://r.test:5000", 'Bearer realm="https://r.test:5001/auth"', "https://r.test:5001/auth"],
  ["http://127.0.0.1:5000", 'Bearer realm="http://127.0.0.1:5000/t"', "http://127.0.0.1:5000/t"],
  ["https://r.test", 'Bearer realm="https://evil.test/", Bearer realm="https://r.test/t"', "https://r.test/t"],
  ["https://r.test", 'Bearer realm="https://id.example/t"', "https://id.example/t", ["id.example"]],
  ["https://r.test", 'Bearer realm="https://id.example:8443/t"', "https://id.example:8443/t", ["ID.example:8443"]],
])("I9, A10: %s, which says %s, has its tokens at %s", (registry, challenge, expected, hosts) => {
  const found = ask(registry, challenge, hosts);
  expect(found.kind === "found" && found.url.href).toBe(expected);
});

test.each<[string, string, RegExp, string[]?]>([
  ["https://r.test", "", /offers no anonymous token \(it names no way to authenticate\)/u],
  ["https://r.test", 'Basic realm="r", Digest realm="r"', /offers no anonymous token \(it wants basic, digest\)/u],
  ["https://r.test", "Bearer", /offers no anonymous token/u],
  [
    "https://r.test",
    'Bearer realm="https://evil.test/x?secret"',
    /names "https:\/\/evil\.test\/x" as its token server.*--image-token-host evil\.test/u,
  ],
  ["https://r.test", 'Bearer realm="http://r.test/t"', /not https/u],
  ["https://a.co.uk", 'Bearer realm="https://b.co.uk/t"', /not in its own domain/u],
  ["https://a.github.io", 'Bearer realm="https://b.github.io/t"', /not in its own domain/u],
  ["https://r.test", 'Bearer realm="https://169.254.169.254/latest"', /not in its own domain/u],
  ["http://127.0.0.1:5000", 'Bearer realm="http://127.0.0.1:8080/admin"', /not in its own domain/u],
  ["http://127.0.0.1:5000", 'Bearer realm="http://localhost:5000/t"', /not in its own domain/u],
  ["https://10.0.0.5", 'Bearer realm="https://10.0.0.6/t"', /not in its own domain/u],
  ["https://r.test", 'Bearer realm="https://id.example:8443/t"', /not in its own domain/u, ["id.example:443"]],
  ["https://r.test", 'Bearer realm="file:///etc/passwd"', /not in its own domain, or not https/u, [""]],
])("I9, A10: %s, which says %s, has none that is asked", (registry, challenge, expected, hosts) => {
  const found = ask(registry, challenge, hosts);
  expect(found.kind === "none" && found.reason).toMatch(expected);
});

test("A10: what a redirect led to is no registry", () => {
  const found = ask("https://r.test", 'Bearer realm="https://r.test/t"', [], "https://cdn.test");
  expect(found.kind === "none" && found.reason).toMatch(/answered 401 after a redirect from r\.test/u);
});
