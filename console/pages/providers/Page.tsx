import type { ReactNode } from "react";
import { PageHead } from "../../layout/PageHead.tsx";

/** The page "Providers". */
export default function ProvidersPage(): ReactNode {
  return <PageHead title="Providers" />;
}
