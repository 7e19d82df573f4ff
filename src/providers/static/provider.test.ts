import { providerConformance } from "../../shepherd/testing/provider-conformance.ts";
import { staticProvider } from "./provider.ts";

providerConformance(async () => ({ provider: staticProvider("static"), [Symbol.asyncDispose]: async () => undefined }));
