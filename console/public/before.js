// Runs before anything is painted, and before the console's own script is there.
(() => {
  // So that nothing flashes: the theme that was chosen here; none means the system's.
  try {
    const theme = localStorage.getItem("farrier.theme");
    if (theme === "light" || theme === "dark") {
      document.documentElement.dataset.theme = theme;
    }
  } catch {
    // Storage is switched off: the system's theme.
  }
  // The page's script comes together with the console's, and not after it. See page-scripts.ts.
  const [, section = "", item = ""] = /^\/console\/([\w-]*)\/?([^/]*)/.exec(location.pathname) ?? [];
  const page = section === "" ? "overview" : item === "" ? section : section.replace(/s$/, "");
  const scripts = JSON.parse(document.querySelector("meta[name=page-scripts]")?.content ?? "{}");
  for (const href of Object.hasOwn(scripts, page) ? scripts[page] : []) {
    document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
  }
})();
