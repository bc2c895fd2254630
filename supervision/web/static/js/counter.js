/**
 * Character counter of a textarea.
 *
 * <textarea data-counter="id of the line" data-limit="10000">, the line carries the texts as
 * data-left="还可输入 {n} 字" and data-over="超出 {n} 字". Counts code points as the server does (a rare character
 * such as 𠮷 is one, a line break is one). Nothing is cut off: a pasted text stays whole until its author shortens it.
 */

const QUIET_MS = 1000; // a screen reader hears the count when the typing pauses, not at each key

export function enhance(textarea) {
  const limit = Number(textarea.dataset.limit);
  const line = document.getElementById(textarea.dataset.counter);
  const spoken = document.createElement("span");
  spoken.className = "visually-hidden";
  spoken.setAttribute("role", "status");
  line.after(spoken);

  let pause;
  const update = () => {
    const left = limit - [...textarea.value].length;
    const text = left < 0 ? line.dataset.over : line.dataset.left;
    line.textContent = text.replace("{n}", Math.abs(left));
    line.classList.toggle("counter--over", left < 0);
    clearTimeout(pause);
    pause = setTimeout(() => { spoken.textContent = line.textContent; }, QUIET_MS);
  };
  textarea.addEventListener("input", update);
  update();
  clearTimeout(pause); // do not speak before anything was typed
}
