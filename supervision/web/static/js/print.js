/** Print button: <button hidden data-print>. Shown only when scripts run; the browser's own menu does the same. */

export function enhance(button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
