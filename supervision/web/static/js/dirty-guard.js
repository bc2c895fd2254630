/**
 * Warns before a page with unsent input is left: <form data-guard>.
 *
 * data-guard="kept" marks a form that came back with input that is not saved (after a conflict or an error): it
 * counts as changed from the start. Compares with the state at load, so that undoing a change silences the warning.
 */

function state(form) {
  return [...new FormData(form)]
    .map(([name, value]) => `${name}=${value instanceof File ? `${value.name}:${value.size}` : value}`)
    .join("\n");
}

export function enhance(form) {
  const before = form.dataset.guard === "kept" ? null : state(form);
  let leaving = false;
  form.addEventListener("submit", () => { leaving = true; });
  // The session has ended (idle.js): asking now would keep the page and its content on the screen.
  document.addEventListener("session:ended", () => { leaving = true; });
  window.addEventListener("pageshow", () => { leaving = false; });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && state(form) !== before) event.preventDefault();
  });
}
