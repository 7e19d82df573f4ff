// Before the first paint, so that nothing flashes: the theme that was chosen here; none means the system's.
(() => {
  try {
    const theme = localStorage.getItem("farrier.theme");
    if (theme === "light" || theme === "dark") {
      document.documentElement.dataset.theme = theme;
    }
  } catch {
    // Storage is switched off: the system's theme.
  }
})();
