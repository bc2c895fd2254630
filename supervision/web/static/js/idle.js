/**
 * Reminds an officer that his session is about to end, and clears the screen when it has.
 *
 * <section hidden data-idle data-seconds="900" data-warn="120" data-ended-url="…" data-keepalive-url="…"> with a
 * [data-stay] button. The server alone decides about the session; this only shows what it is going to do. Its clock
 * starts anew with each request, so every page loaded in another tab starts it anew here (BroadcastChannel).
 */

export function enhance(banner) {
  const seconds = Number(banner.dataset.seconds);
  const warn = Number(banner.dataset.warn);
  const stay = banner.querySelector("[data-stay]");
  const tabs = new BroadcastChannel("session");
  let reminder;
  let end;

  const restart = () => {
    clearTimeout(reminder);
    clearTimeout(end);
    banner.hidden = true;
    reminder = setTimeout(() => { banner.hidden = false; }, (seconds - warn) * 1000);
    end = setTimeout(() => {
      document.dispatchEvent(new Event("session:ended"));
      location.replace(banner.dataset.endedUrl);
    }, seconds * 1000);
  };

  stay.addEventListener("click", async () => {
    const answer = await fetch(banner.dataset.keepaliveUrl, { cache: "no-store" }).catch(() => null);
    if (!answer?.ok || answer.redirected) return; // the session was not prolonged: the reminder stays
    restart();
    tabs.postMessage("active");
  });
  tabs.addEventListener("message", restart);
  tabs.postMessage("active");
  restart();
}
