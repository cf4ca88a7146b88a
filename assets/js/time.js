// Makes times relative and local, and keeps them true.
//   <time datetime data-relative="ago">    5 min ago
//   <time datetime data-relative="for">    12 min   (waiting: data-level becomes late, then overdue)
//   <time datetime data-relative="clock">  14:05, or with the day when it is not today
const MINUTE = 60, HOUR = 3600, DAY = 86400;
const language = document.documentElement.lang || "en";
const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "narrow" });
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const dayOfYear = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });

function sayAgo(at, seconds) {
  if (seconds < 45 && seconds > -45) return "now";
  const [size, unit] = Math.abs(seconds) < HOUR ? [MINUTE, "minute"] : Math.abs(seconds) < DAY ? [HOUR, "hour"] : [DAY, "day"];
  if (Math.abs(seconds) > 6 * DAY) return sayDay(at);
  return ago.format(-Math.round(seconds / size), unit);
}

function sayFor(seconds) {
  if (seconds < MINUTE) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} d`;
}

function sayDay(at) {
  return (at.getFullYear() === new Date().getFullYear() ? day : dayOfYear).format(at);
}

function sayClock(at) {
  return at.toDateString() === new Date().toDateString() ? clock.format(at) : `${sayDay(at)}, ${clock.format(at)}`;
}

function tell(element) {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const seconds = (Date.now() - at.getTime()) / 1000;
  const kind = element.dataset.relative;
  const text = kind === "for" ? sayFor(seconds) : kind === "clock" ? sayClock(at) : sayAgo(at, seconds);
  if (element.textContent !== text) element.textContent = text;
  if (!element.title) element.title = full.format(at);
  if (kind === "for") element.dataset.level = seconds > 30 * MINUTE ? "overdue" : seconds > 5 * MINUTE ? "late" : "fresh";
}

function tellAll(root = document) {
  for (const element of root.querySelectorAll("time[data-relative]")) tell(element);
}

tellAll();
document.addEventListener("htmx:load", (event) => tellAll(event.target.parentElement ?? document));
setInterval(() => { if (!document.hidden) tellAll(); }, 15_000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) tellAll(); });
