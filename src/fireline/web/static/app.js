// The live connection, clocks, and one spoken sentence. Listeners stand on `document`: regions come and go.
// The server's named events become events on #live, where regions listen; a silent peer raises no error, so beats are watched.
const SILENT = 45_000; // three beats of 15 s
const NAMES = ["timeline", "steps", "status", "beat"];
const $ = (selector) => document.querySelector(selector);
let source, last, heard = 0, ahead = 0, spoken;

function show(text, tone) {
  const chip = $("#connection");
  if (!chip || chip.textContent === text) return;
  chip.textContent = text;
  chip.className = `chip live ${tone}`;
}

function connect() {
  const live = $("#live");
  if (!live) return;
  source?.close();
  heard = performance.now();
  last ??= live.dataset.after;
  source = new EventSource(`${live.dataset.events}?after=${last}`);
  source.onopen = () => show("Live", "ok");
  source.onerror = () => {
    show("Reconnecting…", "warn");
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
  for (const name of NAMES) source.addEventListener(name, (event) => {
    heard = performance.now();
    show("Live", "ok");
    if (event.lastEventId) last = event.lastEventId;
    if (name === "beat") ahead = Number(event.data) - Date.now();
    live.dispatchEvent(new CustomEvent(name));
  });
}

function clock(ms) {
  const s = Math.floor(Math.abs(ms) / 1000), two = (n) => String(n).padStart(2, "0");
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s < 3600 ? rest.replace(/^0/, "") : `${Math.floor(s / 3600)}:${rest}`;
}

function tick() {
  const now = Date.now() + ahead;
  for (const one of document.querySelectorAll("[data-since]")) one.textContent = clock(now - Date.parse(one.dataset.since));
  for (const one of document.querySelectorAll("[data-until]")) {
    const left = Date.parse(one.dataset.until) - now;
    one.textContent = left < 0 ? `${clock(left)} late` : clock(left);
    one.classList.toggle("bad", left < 0);
  }
  for (const one of document.querySelectorAll("progress[data-from]"))
    one.value = Math.min(one.max, (now - Date.parse(one.dataset.from)) / 1000);
  if (!document.hidden && source && performance.now() - heard > SILENT) { show("Reconnecting…", "warn"); connect(); }
}

// One sentence for those who listen, when the newest line of the timeline is another one.
document.addEventListener("htmx:after:swap", () => {
  const newest = $("#timeline .tl li .w p")?.textContent.trim();
  if (spoken !== undefined && newest && newest !== spoken) $("#announce").textContent = newest;
  spoken = newest ?? spoken;
});
document.addEventListener("htmx:after:request", (event) => {
  const { sourceElement, response } = event.detail.ctx;
  if (response?.status < 400 && sourceElement.matches("form[data-once]")) {
    sourceElement.reset();
    sourceElement.closest("[popover]")?.hidePopover();
  }
  if (!response) return;
  clearTimeout(show.timer);
  show.timer = setTimeout(() => $("#said")?.replaceChildren(), 8000);
});
// What cannot be pressed says why beside it, and does nothing.
document.addEventListener("click", (event) => { if (event.target.closest("[aria-disabled=true]")) event.preventDefault(); });
// The palette: a link that is a page without scripts; with them it opens in place, and arrows go through what is found.
function openPalette() {
  const palette = $("#palette");
  if (!palette?.showPopover) return false;
  palette.showPopover();
  const words = $("#palette-words");
  words.select();
  words.dispatchEvent(new CustomEvent("open"));
  return true;
}
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-opens=palette]") && openPalette()) event.preventDefault();
  else if (event.target.closest("#palette a")) $("#palette").hidePopover?.();
});
document.addEventListener("submit", (event) => { if (event.target.closest("#palette form[role=search]")) event.preventDefault(); }, true);
document.addEventListener("keydown", (event) => {
  const palette = event.target.closest("#palette");
  if (!palette) return;
  const found = [...palette.querySelectorAll(".found a, .found button")], at = found.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: at < 0 ? null : 0, End: at < 0 ? null : found.length - 1 }[event.key];
  if (event.key === "Enter" && at < 0) { event.preventDefault(); found[0]?.click(); }
  else if (to != null) { event.preventDefault(); (found[to] ?? (to < 0 ? $("#palette-words") : found[0]))?.focus(); }
});
// Whoever is faster than the page: it was opened before htmx listened to its field.
document.addEventListener("htmx:after:init", (event) => {
  if (event.target.id === "palette-words" && $("#palette:popover-open")) event.target.dispatchEvent(new CustomEvent("open"));
});
document.addEventListener("focusin", (event) => { if (event.target.matches("[data-copy]")) event.target.select(); });
document.addEventListener("keydown", (event) => {
  const typed = event.target.closest("input, textarea, select");
  if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typed && !event.ctrlKey && !event.metaKey && !event.altKey))
    if (openPalette()) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const wanted = { n: "#note", a: "#steps .asks button", u: "#updates .more > summary" }[event.key];
  if (wanted && $(wanted)) { event.preventDefault(); $(wanted).focus(); }
});
document.addEventListener("visibilitychange", () => { if (document.hidden) source?.close(); else connect(); });
document.addEventListener("DOMContentLoaded", () => {
  spoken = $("#timeline .tl li .w p")?.textContent.trim();
  connect();
  tick();
  setInterval(tick, 1000);
});
