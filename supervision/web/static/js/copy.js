/**
 * Copy button: <button hidden data-copy="id of the element to copy" data-done="已复制">.
 *
 * Shown only where the clipboard can be written (a secure context). The text copied is what the element shows;
 * it is read at the press and held nowhere.
 */

const SHOWN_MS = 4000;

export function enhance(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) return;

  const label = button.textContent;
  const answer = document.createElement("span");
  answer.className = "visually-hidden";
  answer.setAttribute("role", "status");
  button.after(answer);
  button.hidden = false;

  button.addEventListener("click", async () => {
    const groups = [...source.children].map((group) => group.textContent.trim());
    const text = groups.length > 0 ? groups.join(" ") : source.textContent.trim();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      answer.textContent = button.dataset.failed;
      button.textContent = button.dataset.failed;
      return;
    }
    button.textContent = button.dataset.done;
    answer.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; answer.textContent = ""; }, SHOWN_MS);
  });
}
