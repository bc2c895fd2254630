/**
 * Entry of all pages: loads the module of each enhancement that the page asks for by a data attribute.
 *
 * Every page works without any of this. Texts that a module shows come from data attributes, so that they
 * are translated where all other texts are: in the templates.
 */

const enhancements = [
  ["[data-counter]", "./counter.js"],
  ["[data-copy]", "./copy.js"],
  ["[data-print]", "./print.js"],
  ["[data-file-list]", "./file-list.js"],
  ["form[data-guard]", "./dirty-guard.js"],
  ["[data-idle]", "./idle.js"],
  ["[data-vanish]", "./vanish.js"],
];

for (const [selector, path] of enhancements) {
  const elements = document.querySelectorAll(selector);
  if (elements.length > 0) {
    import(path).then(({ enhance }) => elements.forEach((element) => enhance(element)));
  }
}
