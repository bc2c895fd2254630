/**
 * Takes off the screen what may be shown for some minutes only, and out of what the browser keeps for "back".
 *
 * <div data-vanish data-seconds="300" data-url="…">. Without it the answer's own Refresh header leaves the page in time;
 * this also holds where the device slept meanwhile.
 */

export function enhance(shown) {
  const end = Date.now() + Number(shown.dataset.seconds) * 1000;
  const vanish = () => {
    shown.remove();
    location.replace(shown.dataset.url);
  };

  setTimeout(vanish, end - Date.now());
  document.addEventListener("visibilitychange", () => { if (Date.now() >= end) vanish(); });
  addEventListener("pagehide", () => shown.remove());
}
