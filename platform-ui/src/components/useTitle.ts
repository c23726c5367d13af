// The browser's title of a page.
import { useEffect } from "react";

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · plat`;
  }, [title]);
}
