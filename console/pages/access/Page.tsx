import type { ReactNode } from "react";
import { PageHead } from "../../layout/PageHead.tsx";

/** The page "Access". */
export default function AccessPage(): ReactNode {
  return <PageHead title="Access" />;
}
