/**
 * List of the files chosen, before they are sent: <input type="file" data-file-list="id of the list">.
 *
 * Shows name and size and lets one be taken out again. Reads no content, makes no preview, sends nothing.
 * The list carries data-remove="移除" and data-too-large="超过上限"; the input data-max-bytes.
 */

const KIB = 1024;

function size(bytes) {
  if (bytes < KIB * KIB) return `${Math.max(1, Math.round(bytes / KIB))} KB`;
  return `${(bytes / KIB / KIB).toFixed(1)} MB`;
}

/** FileList without the file at the index: an input's files are replaced, never edited. */
function without(files, index) {
  const kept = new DataTransfer();
  [...files].forEach((file, i) => { if (i !== index) kept.items.add(file); });
  return kept.files;
}

function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

export function enhance(input) {
  const list = document.getElementById(input.dataset.fileList);
  const limit = Number(input.dataset.maxBytes) || Infinity;

  const row = (file, index) => {
    const tooLarge = file.size > limit;
    const item = element("li", tooLarge ? "files__item files__item--bad" : "files__item", "");
    const note = tooLarge ? `${size(file.size)} · ${list.dataset.tooLarge}` : size(file.size);
    const remove = element("button", "link-button", list.dataset.remove);
    remove.type = "button";
    remove.append(element("span", "visually-hidden", ` ${file.name}`));
    remove.addEventListener("click", () => {
      input.files = without(input.files, index);
      render();
      input.focus();
    });
    item.append(element("span", "files__name", file.name), element("span", "files__size", note), remove);
    return item;
  };
  const render = () => list.replaceChildren(...[...input.files].map(row));
  input.addEventListener("change", render);
  render();
}
