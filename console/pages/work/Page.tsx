import type { ReactNode } from "react";
import { PageHead } from "../../layout/PageHead.tsx";

/** The page "Work". */
export default function WorkPage(): ReactNode {
  return <PageHead title="Work" />;
}
